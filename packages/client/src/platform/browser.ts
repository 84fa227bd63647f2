// The browser's WebSocket, timers, storage and events. Workers too: what they lack is left out.

import { StandardCloseCode } from '@longwire/protocol';
import { memoryDeviceStore } from '../connection/device-ids.js';
import type { ClientSocket, DeviceStore, Platform, SocketListener } from './platform.js';
import { fillRandom, startTimer } from './web-apis.js';

const STORAGE_PREFIX = 'longwire.device.';

export const platform: Platform = {
  clock: { now: () => Date.now(), startTimer },
  fillRandom,
  openSocket,
  defaultDeviceStore: () => localStorageDeviceStore() ?? memoryDeviceStore(),
  pageUrl: () => (typeof location === 'undefined' ? undefined : location.origin),
  onWake,
  reportUncaught: (error) => reportError(error),
};

function openSocket(url: string, subprotocol: string, listener: SocketListener): ClientSocket {
  let socket: WebSocket;
  try {
    socket = new WebSocket(url, subprotocol);
  } catch (error) {
    // A page over https may not open ws://: that is thrown here, and told as every other end is.
    startTimer(0, () => listener.onClose(StandardCloseCode.abnormalClosure, String(error)));
    return { send: () => undefined, close: () => undefined, terminate: () => undefined };
  }
  socket.onopen = () => listener.onOpen();
  socket.onmessage = ({ data }) => {
    if (typeof data === 'string') listener.onText(data);
  };
  socket.onclose = ({ code, reason }) => listener.onClose(code, reason);
  return {
    send: (text) => socket.send(text),
    close: (code, reason) => socket.close(code, reason),
    terminate: () => {
      // A page cannot cut a connection; it can stop listening to it and let the browser close it.
      socket.onopen = null;
      socket.onmessage = null;
      socket.onclose = null;
      socket.close();
    },
  };
}

/** Undefined where there is none: in workers, and where the user forbade it (then the getter throws). */
function localStorageDeviceStore(): DeviceStore | undefined {
  try {
    const storage = localStorage;
    return {
      load: (user) => storage.getItem(STORAGE_PREFIX + (user ?? '')) ?? undefined,
      save: (user, device) => {
        storage.setItem(STORAGE_PREFIX + (user ?? ''), device);
        return device;
      },
    };
  } catch {
    return undefined;
  }
}

function onWake(run: () => void): () => void {
  const onVisible = () => {
    if (document.visibilityState === 'visible') run();
  };
  const onShown = ({ persisted }: PageTransitionEvent) => {
    if (persisted) run();
  };
  globalThis.addEventListener('online', run);
  if (typeof document !== 'undefined') {
    document.addEventListener('visibilitychange', onVisible);
    // Of the Page Lifecycle: a frozen page goes on, or comes back from the back-forward cache.
    document.addEventListener('resume', run);
    globalThis.addEventListener('pageshow', onShown);
  }
  return () => {
    globalThis.removeEventListener('online', run);
    if (typeof document === 'undefined') return;
    document.removeEventListener('visibilitychange', onVisible);
    document.removeEventListener('resume', run);
    globalThis.removeEventListener('pageshow', onShown);
  };
}
