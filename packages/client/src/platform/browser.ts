// The browser's WebSocket, timers, storage and events. Workers have some of them.

import { StandardCloseCode } from '@longwire/protocol';
import type { ClientSocket, DeviceStore, Platform, SocketListener } from './platform.js';
import { fillRandom, startTimer } from './web-apis.js';

const STORAGE_PREFIX = 'longwire.device.';

// A browser does not say to a page which of these it was.
const CANNOT_CONNECT =
  'No connection: check the address, that the server runs, that proxies forward WebSocket upgrades, and that --allowed-origins of the server has';

export const platform: Platform = {
  clock: { now: () => Date.now(), startTimer },
  fillRandom,
  openSocket,
  defaultDeviceStore: localStorageDeviceStore,
  pageUrl,
  onWake,
  reportUncaught: (error) => reportError(error),
  // biome-ignore lint/suspicious/noConsole: a browser has no other place for a warning to a developer
  warn: (message) => console.warn(message),
};

function pageUrl(): string | undefined {
  return typeof location === 'undefined' ? undefined : location.origin;
}

function openSocket(url: string, subprotocol: string, listener: SocketListener): ClientSocket {
  let socket: WebSocket;
  try {
    socket = new WebSocket(url, subprotocol);
  } catch (error) {
    // Thrown if a page over https opens ws://, and reported like every other failure.
    startTimer(0, () => listener.onClose(StandardCloseCode.abnormalClosure, String(error)));
    return { send: () => undefined, close: () => undefined, terminate: () => undefined };
  }
  let isOpen = false;
  socket.onopen = () => {
    isOpen = true;
    listener.onOpen();
  };
  socket.onmessage = ({ data }) => {
    if (typeof data === 'string') listener.onText(data);
  };
  socket.onclose = ({ code, reason }) =>
    listener.onClose(code, isOpen ? reason : `${CANNOT_CONNECT} ${pageUrl() ?? 'the origin'}`);
  return {
    send: (text) => socket.send(text),
    close: (code, reason) => socket.close(code, reason),
    terminate: () => {
      // A page cannot drop a connection. It can stop listening and let the browser close it.
      socket.onopen = null;
      socket.onmessage = null;
      socket.onclose = null;
      socket.close();
    },
  };
}

/** Undefined in workers, and where the user has disabled it (then the getter throws). */
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
    // Page Lifecycle: a frozen page resumes, or is restored from the back-forward cache.
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
