// Imported first by every command: an old Node ends here with one line instead of a syntax error further on.
// So this file keeps to what every Node with ES modules understands.

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
// The same as `engines` in every package.json.
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(
    `Longwire needs Node 20.19 or newer, this is ${process.versions.node}: install Node 24 LTS and try again.\n`,
  );
  process.exit(1);
}
