// Licence and notices: in the repository and in everything that gets published.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { reportWhenMain } from './check-report.mjs';
import { relativePath } from './module-graph.mjs';
import { readManifest, readWorkspaces } from './workspaces.mjs';

const licence = 'Apache-2.0';
const documents = ['LICENSE', 'NOTICE', 'README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'];

/**
 * @param {string} root
 * @returns {string[]}
 */
export function findNoticeFaults(root) {
  const faults = documents.filter((name) => !existsSync(join(root, name))).map((name) => `${name} is missing`);
  const text = readIfThere(join(root, 'LICENSE'));
  if (!text.includes('Apache License') || !text.includes('Version 2.0'))
    faults.push(`LICENSE is not the text of ${licence}`);
  if (readManifest(root).license !== licence) faults.push(`package.json: "license" must be "${licence}"`);
  for (const { folder, manifest } of readWorkspaces(root)) {
    const path = relativePath(root, folder);
    if (manifest.license !== licence) faults.push(`${path}/package.json: "license" must be "${licence}"`);
    // npm packs the LICENSE that lies beside package.json, not the repository's; what is private is not packed.
    if (manifest.private !== true && readIfThere(join(folder, 'LICENSE')) !== text)
      faults.push(`${path}/LICENSE must be a copy of LICENSE`);
    if (!existsSync(join(folder, 'README.md')))
      faults.push(`${path}/README.md is missing: it is the package's page on npm`);
  }
  return faults;
}

/** @param {string} file */
function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

await reportWhenMain(import.meta.url, 'licence and notices', findNoticeFaults);
