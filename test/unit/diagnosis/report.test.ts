import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Finding, finding } from '../../../src/engine/diagnosis/finding.js';
import { formatReport } from '../../../src/engine/diagnosis/report.js';

describe('the report of a diagnosis', () => {
  it('is aligned, with a mark and a word for each state', () => {
    const findings = [
      finding('Name', 'ok', 'spark-1a2b.local is 192.168.1.20'),
      finding('SSH server', 'problem', 'It says nothing', { detail: 'more', hint: 'Wait a little.' }),
      finding('Disk', 'warning', '/ is 95 % full', { hint: 'Make room.' }),
      finding('GPU', 'skipped', 'Not looked at', { detail: '', hint: undefined }),
    ];
    assert.equal(
      formatReport(findings, [
        ['Editor', '1.100.0'],
        ['Extension', '0.1.0'],
      ]),
      [
        'Editor:    1.100.0',
        'Extension: 0.1.0',
        '',
        '✓ ok       Name        spark-1a2b.local is 192.168.1.20',
        '✗ problem  SSH server  It says nothing',
        '                       more',
        '                       → Wait a little.',
        '! warning  Disk        / is 95 % full',
        '                       → Make room.',
        '– skipped  GPU         Not looked at',
        '',
      ].join('\n'),
    );
  });

  it('may have nothing to say', () => {
    assert.equal(formatReport([], []), '');
    assert.equal(formatReport([], [['Editor', '']]), 'Editor:\n');
  });

  it('is not rewritten by what a machine says', () => {
    const evil = 'a\r\n✓ ok       Name  all is well\u001b[2J\u202e\u0000';
    const lines = formatReport([finding('Name', 'problem', evil, { detail: evil, hint: evil })], [[evil, evil]]).split(
      '\n',
    );
    assert.equal(lines.length, 6);
    assert.ok(lines[2]?.startsWith('✗ problem  Name  a ✓ ok'));
    const long = formatReport([finding('Name', 'problem', `${'word '.repeat(40)}✓ ok       Name  all is well`)], []);
    assert.equal(long.split('\n').filter(line => /^\S/.test(line)).length, 1);
  });

  it('breaks long texts where an editor would cut them, and keeps words whole', () => {
    const hint = 'Check the spelling, the network and a VPN if there is one, or use the IP address of the machine.';
    const path = `/srv/${'x'.repeat(100)}`;
    assert.equal(
      formatReport([finding('Name', 'problem', 'It is not known', { hint, detail: `see ${path} there` })], []),
      [
        '✗ problem  Name  It is not known',
        '                 see',
        `                 ${path}`,
        '                 there',
        '                 → Check the spelling, the network and a VPN if there is one, or use',
        '                   the IP address of the machine.',
        '',
      ].join('\n'),
    );
  });

  it('has a line that begins with a mark for each finding and no control characters, whatever the texts are', () => {
    const text = fc.array(fc.nat(0xffff)).map(units => String.fromCharCode(...units));
    const one = fc.record({
      step: text,
      state: fc.constantFrom('ok' as const, 'warning' as const, 'problem' as const, 'skipped' as const),
      title: text,
      hint: text,
    });
    fc.assert(
      fc.property(fc.array(one), fc.array(fc.tuple(text, text)), (findings: Finding[], about) => {
        const lines = formatReport(findings, about).split('\n');
        const gap = findings.length > 0 && about.length > 0 ? 1 : 0;
        const body = lines.slice(about.length + gap, -1);
        assert.equal(body.filter(line => /^[✓!✗–] (ok|warning|problem|skipped)/.test(line)).length, findings.length);
        assert.equal(body.filter(line => /^ +→/.test(line)).length >= findings.length, true);
        for (const line of lines) assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
    );
  });
});
