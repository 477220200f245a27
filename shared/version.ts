/** Version of the protocol between client and daemon; raised when either side must know. */
export const PROTOCOL_VERSION = 1;
/** The oldest client that a daemon of this version serves. Lock and stop are for all of them. */
export const OLDEST_CLIENT = 1;
