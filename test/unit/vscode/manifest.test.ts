import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectionState, ConnectionView } from '../../../src/shared/connection.js';
import { DEFAULT_ENGINE_SETTINGS } from '../../../src/shared/settings.js';
import {
  COLORS,
  COMMANDS,
  CONTEXT_KEYS,
  ENGINE_SETTING_KEYS,
  SETTING_DEFAULTS,
  VIEW_CONTAINER,
  VIEWS,
} from '../../../src/vscode/contributionData.js';
import { connectionText, tunnelText } from '../../../src/vscode/views/connectionRows.js';
import { connectionView } from './samples.js';

interface MenuItem {
  command: string;
  when: string;
  group: string;
}
interface Property {
  default: unknown;
  scope?: string;
  ignoreSync?: boolean;
  minimum?: number;
  maximum?: number;
}
interface Manifest {
  contributes: {
    commands: { command: string; title: string; category: string }[];
    menus: Record<string, MenuItem[]>;
    views: Record<string, { id: string }[]>;
    viewsContainers: { activitybar: { id: string }[] };
    viewsWelcome: { view: string; when?: string; contents: string }[];
    colors: { id: string }[];
    configuration: { properties: Record<string, Property> }[];
    walkthroughs: { steps: { completionEvents: string[]; media: { markdown: string }; description: string }[] }[];
  };
}

const text = readFileSync('package.json', 'utf8');
const { contributes } = JSON.parse(text) as Manifest;
const nls = JSON.parse(readFileSync('package.nls.json', 'utf8')) as Record<string, string>;
const commandIds: string[] = Object.values(COMMANDS);
const viewIds: string[] = Object.values(VIEWS);
const properties = Object.assign({}, ...contributes.configuration.map(section => section.properties)) as Record<
  string,
  Property
>;
const sorted = (values: Iterable<string>) => [...values].sort();

describe('the manifest and the code', () => {
  it('declare the same commands, all with the one category', () => {
    assert.deepEqual(sorted(contributes.commands.map(({ command }) => command)), sorted(commandIds));
    assert.deepEqual([...new Set(contributes.commands.map(({ category }) => category))], ['%category%']);
  });

  it('register every command that is declared', () => {
    const folder = join('src', 'vscode', 'commands');
    const source = readdirSync(folder).map(name => readFileSync(join(folder, name), 'utf8'));
    const registered = [...source.join('\n').matchAll(/registerCommand\(\s*COMMANDS\.(\w+)/g)].map(match => match[1]!);
    assert.deepEqual(sorted(registered), sorted(Object.keys(COMMANDS)));
  });

  it('declare the same views, in the one container, each with a welcome text', () => {
    assert.deepEqual(
      contributes.viewsContainers.activitybar.map(({ id }) => id),
      [VIEW_CONTAINER],
    );
    assert.deepEqual(sorted((contributes.views[VIEW_CONTAINER] ?? []).map(({ id }) => id)), sorted(viewIds));
    assert.deepEqual(sorted(new Set(contributes.viewsWelcome.map(({ view }) => view))), sorted(viewIds));
  });

  it('declare the same colours', () => {
    assert.deepEqual(sorted(contributes.colors.map(({ id }) => id)), sorted(Object.values(COLORS)));
  });

  it('declare the same settings with the same defaults', () => {
    const declared = Object.fromEntries(Object.entries(properties).map(([key, { default: value }]) => [key, value]));
    const expected = Object.fromEntries(
      Object.entries(SETTING_DEFAULTS).map(([key, value]) => [`dgxSpark.${key}`, value]),
    );
    assert.deepEqual(declared, expected);
    for (const [field, key] of Object.entries(ENGINE_SETTING_KEYS))
      assert.equal(SETTING_DEFAULTS[key], DEFAULT_ENGINE_SETTINGS[field as keyof typeof DEFAULT_ENGINE_SETTINGS], key);
  });

  it('keep every setting out of workspaces and of Settings Sync', () => {
    const loose = Object.entries(properties).filter(
      ([, { scope, ignoreSync }]) => scope !== 'application' || !ignoreSync,
    );
    assert.deepEqual(loose, []);
  });

  it('have a text for every key, and a key for every text', () => {
    const used = [...text.matchAll(/"%([^%"]+)%"/g)].map(match => match[1]!);
    assert.deepEqual(sorted(new Set(used)), sorted(Object.keys(nls)));
  });

  it('use only context keys, views and commands that exist', () => {
    const menus = Object.values(contributes.menus).flat();
    const conditions = [...menus.map(({ when }) => when), ...contributes.viewsWelcome.map(({ when }) => when ?? '')];
    const events = contributes.walkthroughs.flatMap(({ steps }) => steps.flatMap(step => step.completionEvents));
    const known = new Set([...commandIds, ...viewIds, ...Object.values(CONTEXT_KEYS)]);
    const linked = Object.values(nls).flatMap(value =>
      [...value.matchAll(/\(command:([\w.]+)\)/g)].map(match => match[1]!),
    );
    const used = [...conditions, ...events].flatMap(value => value.match(/dgxSpark\.\w+/g) ?? []);
    assert.deepEqual(
      [...used, ...linked, ...menus.map(({ command }) => command)].filter(id => !known.has(id)),
      [],
    );
    assert.ok(used.includes('dgxSpark.engine') && linked.includes(COMMANDS.addConnection));
  });

  it('point the walkthrough at files that exist', () => {
    for (const { media } of contributes.walkthroughs.flatMap(({ steps }) => steps))
      assert.match(readFileSync(media.markdown, 'utf8'), /^# /);
  });
});

describe('the menus of a row', () => {
  const offered = (viewItem: string, group: RegExp) =>
    (contributes.menus['view/item/context'] ?? [])
      .filter(item => group.test(item.group) && holds(item.when, { view: VIEWS.connections, viewItem }))
      .map(({ command }) => command);
  const row = (state: ConnectionState, changes: Partial<ConnectionView> = {}, tunnel = false) =>
    connectionText(
      connectionView(changes, {
        state,
        ...(tunnel ? { tunnel: { state: 'open', localPort: 11435, remotePort: 11434 } } : {}),
      }),
      2,
    ).contextValue;

  it('offer inline what the state calls for', () => {
    assert.deepEqual(offered(row('disconnected'), /^inline/), [COMMANDS.connect]);
    assert.deepEqual(offered(row('error'), /^inline/), [COMMANDS.connect]);
    assert.deepEqual(offered(row('connecting'), /^inline/), [COMMANDS.disconnect]);
    assert.deepEqual(offered(row('reconnecting'), /^inline/), [COMMANDS.disconnect]);
    assert.deepEqual(offered(row('connected'), /^inline/), [COMMANDS.disconnect]);
  });

  it('offer the tunnel and the active mark only where they change something', () => {
    const state = /^2_state/;
    assert.deepEqual(offered(row('connected', { isActive: true }, true), state), [
      COMMANDS.disconnect,
      COMMANDS.stopTunnel,
    ]);
    assert.deepEqual(offered(row('connected', { isActive: false }), state), [
      COMMANDS.disconnect,
      COMMANDS.setActiveConnection,
      COMMANDS.startTunnel,
    ]);
    const tunnel = tunnelText(
      connectionView({}, { state: 'connected', tunnel: { state: 'open', localPort: 11435, remotePort: 11434 } }),
    );
    assert.deepEqual(offered(tunnel.contextValue, state), [COMMANDS.stopTunnel]);
    const closed = tunnelText(connectionView({}, { state: 'connected' }));
    assert.deepEqual(offered(closed.contextValue, state), [COMMANDS.startTunnel]);
  });

  it('put deleting last, in every state', () => {
    for (const state of ['disconnected', 'connecting', 'connected', 'reconnecting', 'error'] as const)
      assert.equal(offered(row(state), /^9_danger/).at(-1), COMMANDS.deleteConnection);
  });
});

/** Evaluates the part of the `when` language that the manifest uses. */
function holds(when: string, context: Record<string, string>): boolean {
  return when.split(' && ').every(part => {
    const negated = /^!\((.*)\)$/.exec(part);
    const [, key, operator, value] = /^(\w+) (==|=~) (.+)$/.exec(negated?.[1] ?? part)!;
    const actual = context[key!] ?? '';
    const result = operator === '==' ? actual === value : new RegExp(value!.slice(1, -1)).test(actual);
    return negated ? !result : result;
  });
}
