/** The methods in docs/protocol.md as a listing, from their schemas; the words around it are by hand. */
import type * as v from 'valibot';
import { type Table, toClient, toDaemon } from '../../shared/protocol.ts';

const BEGIN = '<!-- Written by `npm run docs` from shared/protocol.ts. -->';
const END = '<!-- So far. -->';

const TRAITS = {
  returnsSecret: 'returns a secret',
  extendsIdle: 'renews the idle limit',
  withoutSettings: 'works with bad settings',
} as const;

/** The page with the listing as it is now. Throws where the page has no place for it. */
export function withMethods(page: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`docs/protocol.md has lost ${BEGIN} or ${END}`);
  const listing = `${methodsOf('ToDaemon', toDaemon)}\n\n${methodsOf('ToClient', toClient)}`;
  return `${page.slice(0, begin)}${BEGIN}\n\n\`\`\`ts\n${listing}\n\`\`\`\n\n${page.slice(end)}`;
}

function methodsOf(name: string, table: Table): string {
  const methods = Object.entries(table).map(([method, { params, result, traits }]) => {
    const marks = Object.entries(TRAITS).filter(([trait]) => traits[trait as keyof typeof TRAITS]);
    const note = marks.length > 0 ? `  /** ${marks.map(([, text]) => text).join('; ')} */\n` : '';
    const given = typeOf(params, '  ');
    return `${note}  '${method}'(${given === '{}' ? '' : `params: ${given}`}): ${typeOf(result, '  ')};`;
  });
  return `interface ${name} {\n${methods.join('\n')}\n}`;
}

/** A schema as a type of TypeScript; of a kind that is not known here, its name. */
function typeOf(schema: v.GenericSchema, indent: string): string {
  if (has(schema, 'entries')) return fields(schema.entries as v.ObjectEntries, indent);
  if (has(schema, 'wrapped')) return typeOf(schema.wrapped as v.GenericSchema, indent);
  if (has(schema, 'item')) {
    const item = typeOf(schema.item as v.GenericSchema, indent);
    return item.includes('|') ? `(${item})[]` : `${item}[]`;
  }
  if (schema.type === 'picklist' && has(schema, 'options'))
    return (schema.options as string[]).map((option) => `'${option}'`).join(' | ');
  return schema.type === 'undefined' ? 'void' : schema.type;
}

function has<K extends string>(schema: object, key: K): schema is Record<K, unknown> {
  return key in schema;
}

function fields(entries: v.ObjectEntries, indent: string): string {
  const list = Object.entries(entries).map(
    ([name, schema]) =>
      `${name}${schema.type === 'optional' ? '?' : ''}: ${typeOf(schema as v.GenericSchema, `${indent}  `)}`,
  );
  if (list.length === 0) return '{}';
  const line = `{ ${list.join('; ')} }`;
  if (line.length <= 72) return line;
  return `{\n${list.map((field) => `${indent}  ${field};`).join('\n')}\n${indent}}`;
}
