/** Which build the tests run as the product. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const checkout = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * The folder that holds dist/: the installed package, as install-product.ts sets it; for whoever starts
 * a world outside of a test run the checkout.
 */
export const product = process.env.BW_HELPER_TEST_PRODUCT ?? checkout;
export const clientMain = join(product, 'dist', 'client', 'main.js');
export const daemonMain = join(product, 'dist', 'daemon', 'main.js');
