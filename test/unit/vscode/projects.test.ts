import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { projectConfigSchema, readConfig } from '../../../src/shared/projectConfig.js';
import type { Project } from '../../../src/shared/projects.js';
import type { Transfer } from '../../../src/shared/transfers.js';
import { headingOf, progressOf } from '../../../src/vscode/files/transferWatch.js';
import { remoteSshAuthority } from '../../../src/vscode/projects/remoteSsh.js';
import { projectText, sortProjects } from '../../../src/vscode/views/projectRows.js';

const project = (changes: Partial<Project> = {}): Project => ({
  ...{ id: 'p1', connectionId: 'c1', name: 'Llama', description: null, projectType: null },
  ...{ remotePath: '~/llama', status: 'active', configRevision: 0, lastActivityAt: 1 },
  ...{ createdAt: 0, updatedAt: 0, jobs: [] },
  ...changes,
});

describe('rows of the projects view', () => {
  it('have what is worked with first', () => {
    const sorted = sortProjects([
      project({ id: 'archived', status: 'archived', lastActivityAt: 9 }),
      project({ id: 'done', status: 'done', lastActivityAt: 8 }),
      project({ id: 'older', lastActivityAt: 1 }),
      project({ id: 'newer', lastActivityAt: 2, status: 'paused' }),
    ]);
    assert.deepEqual(
      sorted.map(({ id }) => id),
      ['newer', 'older', 'done', 'archived'],
    );
  });

  it('name the connection only among several', () => {
    const connection = {
      name: 'spark-1',
      status: { state: 'connected', since: 0, tunnel: { state: 'closed' } },
    } as const;
    assert.equal(projectText(project(), connection, 1).description, 'Active · ~/llama');
    assert.equal(projectText(project(), connection, 2).description, 'Active · spark-1 · ~/llama');
    assert.equal(projectText(project(), connection, 2).contextValue, 'project;active;connected');
    assert.equal(projectText(project(), undefined, 2).contextValue, 'project;active');
  });
});

describe('the schema of a project’s configuration', () => {
  const schema = JSON.parse(readFileSync('media/schemas/project.schema.json', 'utf8')) as {
    properties: Record<string, { examples?: unknown[] }>;
  };

  it('knows the same keys as what checks it', () => {
    assert.deepEqual(Object.keys(schema.properties).sort(), Object.keys(projectConfigSchema.entries).sort());
  });

  it('gives examples that are accepted', () => {
    for (const [key, { examples = [] }] of Object.entries(schema.properties))
      for (const value of examples) assert.ok('config' in readConfig(JSON.stringify({ [key]: value })), key);
  });
});

describe('a window over SSH', () => {
  const host = { hostname: 'spark.local', username: 'nvidia', port: 22, sshConfigHost: null };

  it('is told the name of ssh_config, or user and host', () => {
    const authority = (changes: object) => remoteSshAuthority('ms-vscode-remote.remote-ssh', { ...host, ...changes });
    assert.equal(authority({ sshConfigHost: 'spark' }), 'ssh-remote+spark');
    assert.equal(authority({}), 'ssh-remote+nvidia@spark.local');
    const [, hex = ''] = authority({ port: 2222 }).split('+');
    assert.deepEqual(JSON.parse(Buffer.from(hex, 'hex').toString()), {
      ...{ hostName: 'spark.local', user: 'nvidia', port: 2222 },
    });
    assert.equal(
      remoteSshAuthority('jeanp413.open-remote-ssh', { ...host, port: 2222 }),
      'ssh-remote+nvidia@spark.local:2222',
    );
  });
});

describe('the progress of transfers', () => {
  const transfer = (changes: Partial<Transfer> = {}): Transfer => ({
    ...{ id: 't1', connectionId: 'c1', direction: 'upload', title: 'data', state: 'running' },
    ...{ files: { done: 1, total: 4 }, bytes: { done: 1024, total: 4096 }, rate: 1024, secondsLeft: 3 },
    ...{ isOrphan: false, startedAt: 0 },
    ...changes,
  });

  it('is one for all: bytes, rate, time left', () => {
    assert.deepEqual(progressOf([transfer(), transfer({ id: 't2' })]), {
      percent: 25,
      message: '2.0 KB of 8.0 KB · 2 of 8 files · 2.0 KB/s · 3 s left',
    });
    assert.equal(headingOf([transfer()]), 'Uploading data');
    assert.equal(headingOf([transfer(), transfer({ direction: 'download' })]), 'Transferring 2 selections');
  });

  it('says what it waits for', () => {
    assert.match(progressOf([transfer({ state: 'waiting', rate: 0 })]).message, /waiting for the connection/);
    assert.match(progressOf([transfer({ state: 'preparing' })]).message, /finding out/);
  });
});
