// What some tests need and a laptop may lack: a browser, strace, Python's websockets, Java with Tomcat's client, proxies, root. Found once, and
// passed to the tests in the environment: TEST_CHROMIUM, TEST_STRACE, TEST_PYTHON, TEST_JAVA, TEST_NGINX, TEST_HAPROXY hold a path, TEST_TOMCAT_JARS
// a class path, or are absent. (Not LONGWIRE_…: the server warns about names of that kind that are not settings.)
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter } from 'node:path';
import { findChromium } from './chromium.mjs';
import { findCommand } from './find-command.mjs';
import { findMountFault, findPidNamespaceFault } from './namespaces.mjs';

/**
 * @typedef {{ what: string, reason: string }} MissingPeer
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<{ environment: Record<string, string>, missing: MissingPeer[] }>}
 */
export async function findTestPeers(env = process.env) {
  /** @type {Record<string, string>} */
  const environment = {};
  /** @type {MissingPeer[]} */
  const missing = [];

  const chromium = await findChromium(env);
  if (chromium.path !== undefined) environment.TEST_CHROMIUM = chromium.path;
  else missing.push({ what: 'browser tests', reason: chromium.reason });

  const strace = findWorkingStrace(env);
  if (strace) environment.TEST_STRACE = strace;
  else missing.push({ what: 'order of writes and syncs', reason: 'no strace in PATH that may trace' });

  const python = findPythonWithWebsockets(env);
  if (python) environment.TEST_PYTHON = python;
  else missing.push({ what: 'interop with Python', reason: 'no python3 in PATH that can import websockets' });

  const tomcat = findTomcatClient(env);
  if (tomcat.java !== undefined) {
    environment.TEST_JAVA = tomcat.java;
    environment.TEST_TOMCAT_JARS = tomcat.jars;
  } else {
    missing.push({ what: "interop with Tomcat's client", reason: tomcat.reason });
  }

  for (const proxy of ['nginx', 'haproxy']) {
    const path = findCommand(proxy, env);
    if (path) environment[`TEST_${proxy.toUpperCase()}`] = path;
    else missing.push({ what: `endpoints behind ${proxy}`, reason: `no ${proxy} in PATH` });
  }

  const mountFault = findMountFault();
  if (mountFault !== undefined) missing.push({ what: 'full disks', reason: mountFault });
  const namespaceFault = findPidNamespaceFault();
  if (namespaceFault !== undefined) missing.push({ what: 'data folders shared by containers', reason: namespaceFault });

  return { environment, missing };
}

/**
 * Containers may forbid ptrace, so strace is tried.
 * @param {NodeJS.ProcessEnv} env
 */
function findWorkingStrace(env) {
  const path = env.TEST_STRACE || findCommand('strace', env);
  return path && succeeds(path, ['-f', '-o', '/dev/null', 'true']) ? path : undefined;
}

/**
 * The first python3 on the PATH need not be the one for which the distribution packages websockets.
 * @param {NodeJS.ProcessEnv} [env]
 */
export function findPythonWithWebsockets(env = process.env) {
  const candidates = [env.TEST_PYTHON, findCommand('python3', env), '/usr/bin/python3'];
  return candidates.find((path) => path && succeeds(path, ['-c', 'import websockets']));
}

// Where Debian's libtomcat10-java puts them.
const tomcatJars = ['websocket', 'websocket-api', 'websocket-client-api', 'api', 'util', 'juli'].map(
  (name) => `/usr/share/java/tomcat10-${name}.jar`,
);

/**
 * Tomcat's WebSocket client, and a Java that runs a program from its source: a runtime without the compiler cannot.
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {{ java: string, jars: string } | { java?: undefined, reason: string }} `jars`: a class path
 */
export function findTomcatClient(env = process.env) {
  const java = env.TEST_JAVA || findCommand('java', env);
  if (!java) return { reason: 'no java in PATH' };
  if (!succeeds(java, ['--source', '17', '--add-modules', 'jdk.compiler', '--version'])) {
    return { reason: `${java} is no JDK of version 17 or newer` };
  }
  const jars = env.TEST_TOMCAT_JARS || tomcatJars.join(delimiter);
  const absent = jars.split(delimiter).find((jar) => !existsSync(jar));
  return absent === undefined ? { java, jars } : { reason: `no ${absent} (Debian: libtomcat10-java)` };
}

/** @param {string} file @param {string[]} args */
function succeeds(file, args) {
  try {
    execFileSync(file, args, { stdio: 'ignore', timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}
