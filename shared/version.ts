/** Version of the protocol between client and daemon; raised when either side must know. */
export const PROTOCOL_VERSION = 1;
