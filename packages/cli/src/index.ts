// What a program may use of the command: to run it in-process with streams of its own. The commands stay private, because
// their promise is what they print.

export { ExitCode } from './exit-code.js';
export { runCli } from './run-cli.js';
export type { Terminal } from './terminal.js';
