import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { SshConfigSurroundings } from '../../../../src/engine/ssh/config/surroundings.js';

/** A folder of a test with a home and a place for the system's file. */
export class ConfigFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'ssh-config-'));
  readonly surroundings: SshConfigSurroundings = {
    home: join(this.path, 'home'),
    userName: 'i',
    hostname: 'desk.example',
    env: { FOLDER: join(this.path, 'folder') },
    uid: process.getuid?.(),
    platform: process.platform,
    userFile: join(this.path, 'home', '.ssh', 'config'),
    systemFile: join(this.path, 'etc', 'ssh_config'),
    localAddresses: [],
  };

  /** Writes files by their names below the folder. */
  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      const path = join(this.path, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text, { mode: 0o600 });
    }
  }

  /** Makes it empty again. */
  clear(): void {
    rmSync(this.path, { recursive: true, force: true });
    mkdirSync(this.path);
  }

  dispose(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
