import * as v from 'valibot';
import * as vscode from 'vscode';
import { jobTemplateSchema, type JobTemplate } from '../../shared/jobs.js';
import { readSetting, writeSetting } from '../contributions.js';
import { templatesOf } from './templateList.js';
import { withoutIconsAndLinks, withoutLinks } from '../plainText.js';

/** Asks what to call a template, and whether another of that name is to be replaced, then keeps it. */
export async function saveTemplateAsking({ name, config }: JobTemplate): Promise<void> {
  const chosen = await vscode.window.showInputBox({
    title: 'Save as Template',
    prompt: 'New jobs can begin with it. Values of secrets are not a part of it.',
    value: name,
    validateInput: text => {
      const checked = v.safeParse(jobTemplateSchema.entries.name, text);
      return checked.success ? undefined : checked.issues[0].message;
    },
  });
  if (chosen === undefined) return;
  const key = chosen.trim();
  const all = readSetting('jobs.templates') ?? {};
  if (Object.hasOwn(all, key)) {
    const replace = 'Replace';
    const answer = await vscode.window.showWarningMessage(
      withoutLinks(`There is a template "${key}" already.`),
      { modal: true },
      replace,
    );
    if (answer !== replace) return;
  }
  // a job that waits for another is one of its kind
  await writeSetting('jobs.templates', { ...all, [key]: { ...config, after: null } });
  void vscode.window.showInformationMessage(withoutLinks(`Saved as template "${key}".`));
}

/** Lets the user choose templates, and deletes them. */
export async function deleteTemplatesAsking(): Promise<void> {
  const all = templatesOf(readSetting('jobs.templates') ?? {});
  if (all.length === 0) {
    void vscode.window.showInformationMessage(
      'No template of a job is saved. "Save as Template" in its form makes one.',
    );
    return;
  }
  const chosen = await vscode.window.showQuickPick(
    all.map(({ name, config }) => ({
      label: withoutIconsAndLinks(name),
      description: withoutIconsAndLinks(config.command.split('\n', 1)[0]?.slice(0, 80) ?? ''),
      name,
    })),
    { title: 'Delete Templates of Jobs', placeHolder: 'Choose those to delete', canPickMany: true },
  );
  if (!chosen || chosen.length === 0) return;
  const gone = new Set(chosen.map(({ name }) => name));
  const left = Object.entries(readSetting('jobs.templates') ?? {}).filter(([name]) => !gone.has(name));
  await writeSetting('jobs.templates', Object.fromEntries(left));
}
