import { join } from 'node:path';
import { Command } from 'commander';
import { exportTables, Installation, kernelAddon, readInstalled } from '#kernel';
import type { Addon } from '#kernel';
import type { Blueprint } from '../bootstrap.js';
import { findPlace, homeOf } from '../place.js';
import { print, printTable } from './print.js';

interface Desk {
  readonly installation: Installation;
  readonly ownerUrl: string;
  readonly available: readonly Addon[];
}

interface Options {
  readonly json?: boolean;
  readonly purge?: boolean;
}

const RESTART = 'takes effect at the next restart';

/** `ofitec addon list | install | upgrade | uninstall` */
export function addonCommand(blueprint: Blueprint): Command {
  const group = new Command('addon').description('see and change which addons are installed');
  const verb = (name: string, summary: string): Command =>
    group.command(name).description(summary).option('--json', 'print JSON');

  verb('list', 'every addon at hand or installed').action((options: Options) =>
    atDesk(blueprint, async (desk) => printTable(await listAddons(desk), options.json === true)),
  );
  verb('install', 'migrate an addon and what it depends on, and install it')
    .argument('<name>')
    .action((name: string, options: Options) =>
      atDesk(blueprint, async (desk) => print(await install(desk, name), options.json === true)),
    );
  verb('upgrade', 'apply what is pending of one installed addon, or of all')
    .argument('[name]')
    .action((name: string | undefined, options: Options) =>
      atDesk(blueprint, async (desk) => print(await upgrade(desk, name), options.json === true)),
    );
  verb('uninstall', 'take an addon out; its tables stay unless purged')
    .argument('<name>')
    .option('--purge', 'write its tables out as CSV, then drop them')
    .action((name: string, options: Options) =>
      atDesk(blueprint, async (desk) => {
        const folder = join(homeOf(blueprint.kernel).path, 'exports', `${name}-${stamp()}`);
        print(await uninstall(desk, name, options.purge ? folder : null), options.json === true);
      }),
    );
  return group;
}

async function atDesk(blueprint: Blueprint, work: (desk: Desk) => Promise<void>): Promise<void> {
  const place = await findPlace(blueprint.kernel, 'join', () => {});
  const ownerUrl = place.urls.owner;
  try {
    await Installation.asOwner(
      { ownerUrl, kernel: kernelAddon, report: () => {} },
      (installation) => work({ installation, ownerUrl, available: blueprint.available }),
    );
  } finally {
    await place.leave();
  }
}

async function listAddons(desk: Desk): Promise<Record<string, string>[]> {
  const installed = (await readInstalled(desk.installation.query)) ?? [];
  const names = new Set([...desk.available, ...installed].map(({ name }) => name));
  names.delete(kernelAddon.name);
  return [...names].sort().map((name) => {
    const code = desk.available.find((addon) => addon.name === name);
    const row = installed.find((addon) => addon.name === name);
    return {
      name,
      installed: row?.version ?? '-',
      code: code?.version ?? 'missing',
      depends: (code?.depends.map((addon) => addon.name) ?? row?.depends ?? []).join(', ') || '-',
      summary: code?.summary ?? '',
    };
  });
}

async function install(desk: Desk, name: string): Promise<Record<string, unknown>> {
  const before = await desk.installation.installedNames();
  await desk.installation.install([demandAddon(desk, name)]);
  const after = await desk.installation.installedNames();
  const added = after.filter((other) => !before.includes(other));
  return { installed: added.join(', ') || 'nothing new', note: RESTART };
}

async function upgrade(desk: Desk, name: string | undefined): Promise<Record<string, unknown>> {
  const installed = await desk.installation.installedNames();
  if (name !== undefined && !installed.includes(name)) {
    throw new Error(`Addon ${name} is not installed.`);
  }
  const isAtHand = (each: string): boolean => desk.available.some((addon) => addon.name === each);
  const wanted = name === undefined ? installed.filter(isAtHand) : [name];
  const applied = await desk.installation.install(wanted.map((each) => demandAddon(desk, each)));
  return { upgraded: wanted.join(', '), migrations: applied, note: RESTART };
}

async function uninstall(
  desk: Desk,
  name: string,
  purgeInto: string | null,
): Promise<Record<string, unknown>> {
  if (name === kernelAddon.name) throw new Error('The kernel is no addon; it stays.');
  const installed = (await readInstalled(desk.installation.query)) ?? [];
  if (!installed.some((row) => row.name === name))
    throw new Error(`Addon ${name} is not installed.`);
  const dependents = installed.filter((row) => row.depends.includes(name)).map((row) => row.name);
  if (dependents.length > 0) {
    const verb = dependents.length === 1 ? 'depends' : 'depend';
    throw new Error(`Addon ${name} stays: ${dependents.join(', ')} ${verb} on it.`);
  }
  if (purgeInto === null) {
    await desk.installation.forget(name);
    return {
      uninstalled: name,
      tables: 'kept; uninstall with --purge to drop them',
      note: RESTART,
    };
  }
  const addon = demandAddon(desk, name);
  const tables = await desk.installation.tablesOf(addon);
  const views = await desk.installation.tablesOf(addon, 'views');
  const files = await exportTables(desk.ownerUrl, tables, purgeInto);
  await desk.installation.dropTables(addon);
  await desk.installation.forget(name);
  const dropped = [...tables, ...views].join(', ') || '-';
  return { uninstalled: name, dropped, written: files.join(', ') || '-', note: RESTART };
}

function demandAddon({ available }: Desk, name: string): Addon {
  const found = available.find((addon) => addon.name === name);
  if (found) return found;
  const names = available.map((addon) => addon.name).join(', ');
  throw new Error(`No addon is named ${name}; at hand are ${names}.`);
}

function stamp(): string {
  return new Date().toISOString().replaceAll(/[-:]/g, '').slice(0, 15);
}
