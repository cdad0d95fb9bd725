import { homedir, release } from 'node:os';
import process from 'node:process';
import type { FoundSpark, SshConfigList } from '../shared/discovery.js';
import type { EngineSettings } from '../shared/settings.js';
import type { Logger } from './base/logger.js';
import { Secret } from './base/secret.js';
import type { KeyTools } from './connections/keySetUp.js';
import type { Diagnose } from './connections/types.js';
import { diagnoseConnection } from './diagnosis/diagnoseConnection.js';
import { diagnoseNetwork } from './diagnosis/networkDiagnosis.js';
import { diagnoseRemote } from './diagnosis/remoteDiagnosis.js';
import { discoverSparks } from './discovery/discoverSparks.js';
import { explainFailure } from './metrics/nvidiaSmiFailure.js';
import { chooseAlgorithms } from './ssh/algorithms.js';
import { installPublicKey } from './ssh/authorizedKeys.js';
import { resolveHost } from './ssh/config/resolveHost.js';
import { sshConfigOf } from './ssh/connector.js';
import { importableHosts } from './ssh/importableHosts.js';
import { expandHome, readKeyFile } from './ssh/keys/keyFile.js';
import { ensureLoginKey } from './ssh/keys/loginKey.js';
import { recogniseKey } from './ssh/keys/keyFormat.js';
import { routeInWords } from './ssh/machine.js';
import * as networkErrors from './ssh/networkErrors.js';
import { run } from './ssh/run.js';
import { ServerHello } from './ssh/serverHello.js';

/*
 * A part of the composition root: what connections get from areas that do not know them.
 */

/** What is done with keys besides logging in. */
export function keyTools(): KeyTools {
  return {
    ensureLoginKey: async request => await ensureLoginKey({ ...request, home: homedir() }),
    installPublicKey,
    async readPrivateKey(path) {
      const content = await readKeyFile(path, expandHome(path, homedir()));
      // throws where it is none: what is no key must not take the place of one
      recogniseKey(content, path);
      return new Secret(content.toString('utf8'));
    },
  };
}

/** How to find machines that are not saved yet. */
export function finders(log: Logger): {
  sshConfig: { list(): Promise<SshConfigList> };
  discovery: { find(signal: AbortSignal): Promise<FoundSpark[]> };
} {
  return {
    sshConfig: { list: async () => await importableHosts(sshConfigOf({})) },
    discovery: {
      async find(signal) {
        const found = await discoverSparks({ signal, log });
        return found.map(spark => ({ ...spark, addresses: [...spark.addresses] }));
      },
    },
  };
}

/** What says step by step what works of a connection. */
export function diagnoser(settings: () => EngineSettings, extensionVersion: string): Diagnose {
  return async options =>
    await diagnoseConnection(options, {
      async resolve({ host, port, proxyJump }, signal) {
        const { username } = options.target;
        // a command of `Match exec` is run when connecting only
        const resolved = await resolveHost({ host, port, proxyJump, user: username }, sshConfigOf({}), signal);
        const through = resolved.proxy.kind === 'none' ? undefined : routeInWords(resolved).replace(/^\S+ /, '');
        return { hostname: resolved.hostname, port: resolved.port, through };
      },
      async network(address, signal) {
        const { kex, serverHostKey, cipher, hmac } = chooseAlgorithms({}, []);
        const supported = { keyExchange: kex, hostKey: serverHostKey, cipher, mac: hmac };
        return await diagnoseNetwork(
          address,
          { errors: networkErrors, newHello: () => new ServerHello(), supported },
          signal,
        );
      },
      remote: async (session, signal) =>
        await diagnoseRemote(
          session,
          { ollamaPort: settings().remotePort, signal },
          { run, explainNvidiaSmi: explainFailure },
        ),
      about: () => [
        ['Extension', extensionVersion],
        ['This computer', `${process.platform} ${process.arch}, ${release()}, Node ${process.versions.node}`],
        ['Time', new Date().toISOString()],
      ],
    });
}
