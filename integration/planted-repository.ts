// A small repository in a temporary folder, for checks to find faults in.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Text, or an object that is written as JSON. */
type Content = string | object;

export interface PlantedRepository {
  readonly root: string;
  plant(files: Record<string, Content>): void;
  remove(): void;
}

/** Makes a repository with one version, 0.1.0, and the named packages (folder → name), all of them without faults. */
export function plantRepository(packages: Record<string, string>): PlantedRepository {
  const root = mkdtempSync(join(tmpdir(), 'longwire-repository-'));
  const plant = (files: Record<string, Content>) => {
    for (const [path, content] of Object.entries(files)) {
      const file = join(root, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    }
  };
  plant({ 'package.json': { ...manifestOf('planted'), private: true, workspaces: ['packages/*'] } });
  for (const [folder, name] of Object.entries(packages)) {
    plant({ [`packages/${folder}/package.json`]: manifestOf(name) });
  }
  return { root, plant, remove: () => rmSync(root, { recursive: true, force: true }) };
}

export function manifestOf(name: string) {
  return { name, version: '0.1.0', license: 'Apache-2.0', type: 'module', engines: { node: '>=20.19.0' } };
}
