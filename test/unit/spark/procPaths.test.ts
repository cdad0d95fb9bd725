import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { ProcPaths, readsScript, replaceProcPaths } from '../../spark/ssh/procPaths.js';

describe('simulated /proc', () => {
  it('replaces the paths of files that the Spark has, and no others', () => {
    const script = 'cat /proc/meminfo </proc/pressure/memory; read x < "/proc/stat"';
    assert.equal(
      replaceProcPaths(script, '/s/proc'),
      'cat /s/proc/meminfo </s/proc/pressure/memory; read x < "/s/proc/stat"',
    );
    for (const other of ['/proc/meminfos', '/proc/self/stat', '/proc/1/stat', '/x/proc/stat', '/proc/statx', '/proc/'])
      assert.equal(replaceProcPaths(other, '/s/proc'), other);
  });

  it('does so wherever a stream is cut', async () => {
    const script = 'while read a b; do echo $a; done < /proc/meminfo\ncat /proc/loadavg /proc/stats # äöü\n/proc/stat';
    const bytes = Buffer.from(script);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 8 }), async cuts => {
        const stream = new ProcPaths('/s/proc');
        const at = [0, ...cuts.sort((left, right) => left - right), bytes.length];
        for (let index = 1; index < at.length; index++) stream.write(bytes.subarray(at[index - 1], at[index]));
        stream.end();
        assert.equal(await text(stream), replaceProcPaths(script, '/s/proc'));
      }),
    );
  });

  it('lets a finished command through at once', () => {
    const stream = new ProcPaths('/s/proc');
    stream.write('cat /proc/meminfo\n');
    assert.equal(String(stream.read()), 'cat /s/proc/meminfo\n');
  });

  it('knows a shell that reads its script from its input', () => {
    for (const command of ['sh', 'sh -s', '/bin/sh -', "'sh' '-s'", 'exec /bin/sh -es a b', 'LC_ALL=C bash -s'])
      assert.equal(readsScript(command), true, command);
    for (const command of ["sh -c 'cat > file'", 'cat > file.sh', 'ssh host', 'sh script.sh', 'dd of=x'])
      assert.equal(readsScript(command), false, command);
  });
});
