// What the SDK has for Node alone.

export { fileDeviceStore } from './platform/file-device-store.js';
