import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { kernel, shippedAddons } from '#test';

const PAGES = ['guardia', 'migracion_desde_papel', 'datos_personales', 'doctor'];
/** The house's own words, which no addon declares. */
const OWN = ['addon', 'doctor', 'migrate', 'config'];

/** What a person at night is told to type must be there to be typed. */
describe('the runbooks of people', () => {
  const text = (page: string): string => readFileSync(join('runbooks', `${page}.md`), 'utf8');
  const access = readFileSync('runbooks/security/access.md', 'utf8');

  it.each(PAGES)(
    '%s begins with a summary in English and leads to pages that are there',
    (page) => {
      expect(text(page)).toMatch(/^# .+\n\n_English: /);
      for (const [, target = ''] of text(page).matchAll(/\]\(([\w./]+)\)/g)) {
        const file = join('runbooks', target.endsWith('/') || target.endsWith('.md') ? target : '');
        expect([target, existsSync(file)]).toEqual([target, true]);
      }
    },
  );

  it.each(PAGES)('%s names commands and options that are there', (page) => {
    const lines = [...text(page).matchAll(/`?(?:^|`)ofitec ([^`\n]+)/gm)].map(
      ([, line = '']) => line,
    );
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
      const [group = '', verb = ''] = line.split(' ');
      if (OWN.includes(group)) continue;
      const commands =
        shippedAddons.find(({ commandGroup }) => commandGroup === group)?.commands ?? [];
      const command = commands.find(({ name }) => name === verb);
      expect([line, command !== undefined]).toEqual([line, true]);
      for (const [option] of line.matchAll(/--[a-z-]+/g)) {
        if (['--json', '--help'].includes(option)) continue;
        const known = Object.keys(command?.options ?? {}).some(
          (flag) => flag.split(' ')[0] === option,
        );
        expect([line, option, known]).toEqual([line, option, true]);
      }
    }
  });

  it.each(PAGES)('%s names routes that are there', (page) => {
    for (const [, method, path = ''] of text(page).matchAll(
      /`(GET|POST|PATCH|PUT) (\/api\/[^`\s]+)`/g,
    )) {
      const line = `\`${method} ${path.replaceAll(':id', '{id}')}\``;
      expect([line, access.includes(line)]).toEqual([line, true]);
    }
  });

  it('has a line for each check of the doctor that has no playbook', () => {
    const anchors = [...text('doctor').matchAll(/^## (.+)$/gm)].map(([, title]) => title);
    const pages = [kernel.kernelAddon, ...shippedAddons].flatMap(({ checks }) => checks);
    expect(pages.length).toBeGreaterThan(10);
    for (const { name, runbook } of pages) {
      const [file = '', anchor] = runbook.split('#');
      expect([name, existsSync(file)]).toEqual([name, true]);
      if (anchor) expect([name, anchors]).toEqual([name, expect.arrayContaining([anchor])]);
    }
    expect(anchors).toContain('environment');
  });
});
