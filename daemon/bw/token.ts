/** bw renews its access token by itself, and fails without a client_secret, below this (2026.9.0). */
export const BW_RENEWS_BELOW_MS = 5 * 60_000;
