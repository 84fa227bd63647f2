// Names that hold: files and folders are named by what is in them.
import { join } from 'node:path';
import { relativePath, sourceFilesBelow } from './module-graph.mjs';

const vagueNames = new Set(['util', 'utils', 'helper', 'helpers', 'common', 'misc', 'lib']);
/** A folder of type tests may be named so; a file of types belongs beside what they describe. */
const vagueFiles = new Set(['types']);

const folders = [
  'packages',
  'examples',
  'test-support',
  'scripts',
  'integration',
  'e2e',
  'attacks',
  'chaos',
  'bench',
  'conformance',
];

/**
 * @param {string} root
 * @returns {string[]} one line per fault
 */
export function findNameFaults(root) {
  return folders
    .flatMap((folder) => sourceFilesBelow(join(root, folder)))
    .flatMap((file) => {
      const path = relativePath(root, file);
      return path.split('/').flatMap((part) => {
        const [stem = ''] = part.split('.');
        const isVague = vagueNames.has(stem) || (part.includes('.') && vagueFiles.has(stem));
        return isVague ? [`${path}: "${stem}" says nothing: name it by what it holds`] : [];
      });
    });
}
