import { homedir } from 'node:os';
import { expect, it } from 'vitest';
import { configPath } from '../../src/config/config-path.js';

function resolved(path: string, environment: Record<string, string> = { HOME: '/home/ann' }) {
  const problems: string[] = [];
  const absolute = configPath(path, { environment, workingDirectory: '/srv' }, (problem) => problems.push(problem));
  return { absolute, problems };
}

it.each([
  ['data', '/srv/data'],
  ['./.longwire', '/srv/.longwire'],
  ['/var/lib/longwire', '/var/lib/longwire'],
  ['~', '/home/ann'],
  ['~/', '/home/ann'],
  ['~/x/y', '/home/ann/x/y'],
  ['./~', '/srv/~'],
  ['a~b', '/srv/a~b'],
])('configPath %j is %s', (path, absolute) => expect(resolved(path)).toEqual({ absolute, problems: [] }));

it('configPath("~/x") uses the home folder of the account when HOME is not set', () => {
  expect(resolved('~/x', {}).absolute).toBe(`${homedir()}/x`);
});

it('configPath("~bob/x") is a problem instead of a folder named "~bob"', () => {
  expect(resolved('~bob/x').problems).toEqual([expect.stringContaining('./~bob/x')]);
});
