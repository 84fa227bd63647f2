// The public names of @longwire/server. Engines, rules and transports stay private: what they promise is the protocol.

export {
  type ConfigSources,
  type LoadedConfig,
  loadConfig,
  loadDataLocation,
  resolveServerConfig,
  type ServerConfigInput,
} from './config/load-config.js';
export { type PrintedSetting, printConfig } from './config/print-config.js';
export type { DataLocation, ServerConfig } from './config/server-config.js';
export type { Setting } from './config/setting.js';
export { flagOf, type SettingKey, secretKeys, settingKeys, settings, variableOf } from './config/settings.js';
export {
  type ConfigProblem,
  ServerError,
  type ServerErrorCode,
  type ServerErrorDetails,
  serverErrorCatalogue,
} from './errors.js';
export type { BlockedUser, Refusals, UnblockedUser } from './http/operator/operator-api.js';
export { OperatorClient } from './http/operator/operator-client.js';
export { startNewEra } from './open-store.js';
export { systemClock } from './runtime/clock.js';
export { createLogger, type Logger } from './runtime/logger.js';
export type { RefusalCounts, RefusalKind } from './runtime/refusal-counter.js';
export { type RunningServer, type StartOptions, startServer, version } from './server.js';
export { createAuthenticator } from './session/authenticate.js';
export type { UserBlock } from './session/user-blocks.js';
