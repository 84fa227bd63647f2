// What server and client of the conformance runs share: an echo, and the limits under which it runs.

const mib = 1024 * 1024;

/**
 * Sends back every message as it came.
 * @type {import('@longwire/websocket').ConnectionHandler}
 */
export const echoHandler = {
  onText: (connection, text) => connection.sendText(text),
  onBinary: (connection, data) => connection.sendBinary(data),
};

/**
 * `clientNoContextTakeover`: what the offer of a client has to say so that a server may ask for it (RFC 7692 §7.1.1.2).
 * @param {{ deflate: boolean, clientNoContextTakeover?: boolean }} wanted
 * @returns {import('@longwire/websocket').WebSocketOptions}
 */
export function echoOptions({ deflate, clientNoContextTakeover = false }) {
  return {
    // Messages up to 16 MiB, even in fragments of one byte: each fragment counts for one byte more.
    maxMessageBytes: 32 * mib,
    // A suite may send several large ones before it reads the first answer.
    maxBufferedBytes: 256 * mib,
    // A ping of ours would be an event that no case expects.
    heartbeatMs: 0,
    perMessageDeflate: deflate && {
      // The harder half of RFC 7692: windows are kept from message to message unless the peer asks otherwise.
      serverNoContextTakeover: false,
      clientNoContextTakeover,
      thresholdBytes: 0,
    },
  };
}
