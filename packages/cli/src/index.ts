// For programs that run the command in their own process, with their own streams. The commands themselves are private:
// their interface is what they print.

export { ExitCode } from './exit-code.js';
export { runCli } from './run-cli.js';
export type { Terminal } from './terminal/terminal.js';
