/** Every limit that both sides keep, with its reason. Times in ms, sizes in bytes. */

/** One frame. The largest honest one (a password and a name) is under 2 KiB. */
export const FRAME_BYTES = 64 * 1024;
/** Nesting of one frame. Ours need 4; a parser's stack needs a bound. */
export const FRAME_DEPTH = 16;
/** A string id of a request. Ours are small integers. */
export const ID_CHARACTERS = 64;
/** How often the daemon shows that it lives while a request is open. */
export const PROGRESS_MS = 4_000;
/** Silence after which a client gives up: seven missed signs of life. */
export const SILENCE_MS = 30_000;
/** No key press for this long means that nobody sits at the prompt; the next waiter is asked. */
export const PROMPT_IDLE_MS = 120_000;
/** Wrong passwords after which an attempt ends for all who wait, as sudo and ssh do. */
export const PASSWORD_TRIES = 3;
/** How much of a bw's last words a client that ran it hands over, in characters; JSON may take six bytes for one. */
export const BW_WORDS_CHARACTERS = 8_192;
/** A password, passphrase or client_secret. Bitwarden's own limit for passwords is far below. */
export const SECRET_BYTES = 4_096;
/** Shortest idle or absolute limit: below it a session would end before bw can use it. */
export const SHORTEST_SESSION_MS = 1_000;
/** Longest idle or absolute limit. */
export const LONGEST_SESSION_MS = 30 * 24 * 3_600_000;
