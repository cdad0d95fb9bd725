import * as vscode from 'vscode';
import type { Adoptable, Adoption, Job } from '../../shared/jobs.js';
import type { EngineClient } from '../engineClient.js';
import { bytesText } from '../models/modelWords.js';
import { withoutIcons, withoutIconsAndLinks } from '../plainText.js';
import { duration } from '../wording.js';

/** A longer one would push what else is known of the program out of its line. */
const MOST_OF_COMMAND = 44;

type Item = vscode.QuickPickItem & { readonly what?: Adoptable };

/** Lets the user choose among what runs on a machine, and makes a job of it. Undefined when they thought better of it. */
export async function adoptAsking(client: EngineClient, connectionId: string): Promise<Job | undefined> {
  const listing: Promise<Item[]> = client.request('jobs/adoptable', { connectionId }).then(itemsOf);
  const chosen = await vscode.window.showQuickPick(listing, {
    title: 'Adopt a Running Program or Container',
    placeHolder: 'It is watched from now on as a training job; stopping the job stops it',
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (!chosen?.what) return undefined;
  const { what } = chosen;
  const known = what.kind === 'process' ? { pid: what.pid } : { container: what.name };
  const name = await vscode.window.showInputBox({
    title: 'Name of the Job',
    value: what.kind === 'process' ? what.command.slice(0, 60) : what.name,
    validateInput: text => (text.trim() === '' ? 'Give the job a name.' : undefined),
  });
  if (name === undefined) return undefined;
  const adoption: Adoption = { connectionId, name, ...known };
  return await client.request('jobs/adopt', adoption);
}

function itemsOf(all: readonly Adoptable[]): Item[] {
  const section = (label: string, fits: (one: Adoptable) => boolean): Item[] => {
    const items = all.filter(fits).map(itemOf);
    return items.length === 0 ? [] : [{ label, kind: vscode.QuickPickItemKind.Separator }, ...items];
  };
  const items = [
    ...section('On the GPU', one => one.kind === 'process' && one.gpuBytes !== null),
    ...section('Containers', one => one.kind === 'container'),
    ...section('Other programs of yours', one => one.kind === 'process' && one.gpuBytes === null),
  ];
  return items.length > 0 ? items : [{ label: 'Nothing runs there that could be a job.' }];
}

function itemOf(what: Adoptable): Item {
  if (what.kind === 'container')
    return {
      label: `$(package) ${withoutIcons(what.name)}`,
      description: withoutIconsAndLinks(`${what.image} · ${what.status}`),
      what,
    };
  const { pid, command, bytes, gpuBytes, seconds } = what;
  const memory = gpuBytes === null || gpuBytes === 0 ? bytesText(bytes) : `${bytesText(gpuBytes)} on the GPU`;
  const isLong = command.length > MOST_OF_COMMAND;
  return {
    label: `$(gear) ${withoutIcons(isLong ? `${command.slice(0, MOST_OF_COMMAND - 1)}…` : command)}`,
    description: `${pid} · ${memory} · ${duration(seconds * 1000)}`,
    ...(isLong && { detail: withoutIconsAndLinks(command.slice(0, 200)) }),
    what,
  };
}
