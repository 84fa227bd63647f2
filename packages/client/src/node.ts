// The exports of the SDK for Node only.

export { fileDeviceStore } from './platform/file-device-store.js';
