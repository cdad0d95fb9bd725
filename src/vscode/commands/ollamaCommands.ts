import * as v from 'valibot';
import * as vscode from 'vscode';
import { portSchema } from '../../shared/connection.js';
import { COMMANDS, OLLAMA_TARGETS, type OllamaTarget } from '../contributionData.js';
import { registerCommand, writeSetting } from '../contributions.js';
import { pickTarget } from '../targetPicker.js';
import { checked, readCall } from './arguments.js';
import { aboutConnection, attempt } from './interactive.js';
import type { CommandServices } from './services.js';

const targetSchema = v.picklist(OLLAMA_TARGETS, 'The target is "auto", "local" or "dgx".');
const optionalPort = v.optional(portSchema);
const SAID_FOR_MS = 4000;

/** Where Ollama is: the endpoint, the target, the tunnel. */
export function registerOllamaCommands(services: CommandServices): vscode.Disposable {
  const { client } = services;
  return vscode.Disposable.from(
    registerCommand(
      COMMANDS.copyOllamaEndpoint,
      async first => await attempt(services, undefined, async () => await copyEndpoint(services, first)),
    ),

    registerCommand(COMMANDS.selectOllamaTarget, async first => {
      const select = async (target: OllamaTarget) => {
        await selectTarget(services, target);
      };
      if (readCall(first).form === 'argument') {
        await select(checked(targetSchema, first));
        return;
      }
      await attempt(services, undefined, async () => {
        const target = await pickTarget(client);
        if (target) await select(target);
      });
    }),

    registerCommand(COMMANDS.startTunnel, async (first, localPort, remotePort) => {
      const start = async (connectionId: string, ports: { localPort?: number; remotePort?: number }) =>
        (await client.request('tunnel/start', { connectionId, ...ports })).localPort;
      return await aboutConnection(
        services,
        first,
        {
          title: 'Start Ollama Tunnel',
          fits: ({ status }) => status.state === 'connected' && status.tunnel.state !== 'open',
          noneFits: 'No connection is connected without its tunnel.',
        },
        {
          argument: async connectionId => {
            const ports = {
              localPort: checked(optionalPort, localPort),
              remotePort: checked(optionalPort, remotePort),
            };
            return await start(connectionId, {
              ...(ports.localPort === undefined ? {} : { localPort: ports.localPort }),
              ...(ports.remotePort === undefined ? {} : { remotePort: ports.remotePort }),
            });
          },
          interactive: async connectionId => await start(connectionId, {}),
        },
      );
    }),

    registerCommand(COMMANDS.stopTunnel, async first => {
      const stop = async (connectionId: string) => {
        await client.request('tunnel/stop', { connectionId });
      };
      await aboutConnection(
        services,
        first,
        {
          title: 'Stop Ollama Tunnel',
          fits: ({ status }) => status.tunnel.state === 'open',
          noneFits: 'No tunnel is open.',
        },
        { argument: stop, interactive: stop },
      );
    }),
  );
}

/** Resolves when the engine knows, so that the endpoint is the new one. */
export async function selectTarget({ client }: Pick<CommandServices, 'client'>, target: OllamaTarget): Promise<void> {
  await writeSetting('ollama.target', target);
  await client.settingsChanged();
}

/** Copies the published endpoint, or from a tunnel's row the address of that tunnel. Resolves with what was copied. */
export async function copyEndpoint({ client }: CommandServices, from?: unknown): Promise<string> {
  const call = readCall(from);
  const row = call.form === 'interactive' ? call.row : undefined;
  const tunnel = row?.kind === 'tunnel' ? client.connection(row.connectionId)?.status.tunnel : undefined;
  const url = tunnel?.state === 'open' ? `http://localhost:${tunnel.localPort}` : client.snapshot.endpoint.url;
  await vscode.env.clipboard.writeText(url);
  vscode.window.setStatusBarMessage(`Copied ${url}`, SAID_FOR_MS);
  return url;
}
