// What the SDK has for Node alone.

export { fileDeviceStore } from './file-device-store.js';
