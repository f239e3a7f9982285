import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import type { INestApplicationContext } from '@nestjs/common';
import { Database, normalizeRut, Problem, runAsHouse } from '#kernel';
import type { CommandDefinition } from '#kernel';
import { FolderCopy } from './erasure/copy.js';
import { ErasureService } from './erasure/erasure.service.js';
import { PrivacyService } from './erasure/privacy.service.js';

type Options = Readonly<Record<string, string | undefined>>;

/** A line of the list of erasures: what is repeated after a restore. */
interface Listed {
  readonly company: string;
  readonly customer: string;
  readonly request: string;
  readonly erasedAt: string;
}

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const CUSTOMER = '--customer <id-or-rut>';

const exportOne: CommandDefinition = {
  name: 'export',
  summary: 'write everything that is held of one customer into a folder: JSON, and CSV by kind',
  options: {
    [CUSTOMER]: 'id or RUT of the customer',
    '--into <folder>': 'a folder that does not exist yet; only its owner may read it',
  },
  async run(app, options) {
    const folder = options['into'] ?? '';
    return forCustomer(app, options, 'ofitec customers export', async (customerId) => {
      mkdirSync(folder, { mode: 0o700 });
      try {
        const copy = await FolderCopy.create(folder);
        await app.get(PrivacyService, { strict: false }).export(customerId, copy);
        await copy.finish();
        return { folder, files: copy.files };
      } catch (error) {
        // Half of a copy would be taken for all of it.
        rmSync(folder, { recursive: true, force: true });
        throw error;
      }
    });
  },
};

const erase: CommandDefinition = {
  name: 'erase',
  summary: 'forget one customer at their request; what the law keeps stays without the person',
  options: {
    '--customer [id-or-rut]': 'id or RUT of the customer',
    '--request [number]': 'number under which the request was received',
    '--reason [text]': 'why, without any data of the customer',
    '--dry-run': 'say what would happen, and change nothing',
    '--replay [file]':
      'after a restore: carry out again what `customers erasures --json` had listed',
  },
  async run(app, options) {
    if (options['replay']) return replay(app, options['replay']);
    const asked = { requestNumber: options['request'] ?? '', reason: options['reason'] ?? '' };
    if (!options['dryRun'] && (asked.requestNumber === '' || asked.reason === '')) {
      throw new Error('An erasure needs --request and --reason; --dry-run needs neither.');
    }
    return forCustomer(app, options, 'ofitec customers erase', async (customerId) => {
      const erasures = app.get(ErasureService, { strict: false });
      const { obstacles, outcome, mentions } = options['dryRun']
        ? await erasures.rehearse(customerId)
        : await erasures.eraseNow({ customerId, ...asked });
      const state = options['dryRun'] ? 'rehearsed' : 'erased';
      return { customer: customerId, state, obstacles, outcome, mentions };
    });
  },
};

const erasures: CommandDefinition = {
  name: 'erasures',
  summary: 'list who was forgotten, by id: keep it with every backup (customers erase --replay)',
  options: {},
  async run(app) {
    const listed: Listed[] = [];
    for (const company of await companies(app)) {
      const done = await runAsHouse(company, 'ofitec customers erasures', () =>
        app.get(ErasureService, { strict: false }).carriedOut(),
      );
      for (const { customerId, requestNumber, erasedAt } of done) {
        const at = erasedAt?.toISOString() ?? '';
        listed.push({ company, customer: customerId, request: requestNumber, erasedAt: at });
      }
    }
    return { erasures: listed };
  },
};

/** What an erasure left because it is in no record of the person, once somebody has looked at it. */
const redact: CommandDefinition = {
  name: 'redact',
  summary: 'take out texts that still name a forgotten customer, as the erasure lists them',
  options: {
    '--customer <id>': 'id of the customer who was forgotten',
    '--only [mentions]':
      'payments_entry.reason/ID, … with commas between them: those that are about this person; all unless said',
  },
  async run(app, options) {
    const only = options['only'] === undefined ? null : options['only'].split(',');
    return forCustomer(app, options, 'ofitec customers redact', async (customerId) => ({
      customer: customerId,
      ...(await app.get(ErasureService, { strict: false }).redact(customerId, only)),
    }));
  },
};

export const salesCommands: readonly CommandDefinition[] = [exportOne, erase, erasures, redact];

/** Carries a list out again. Who is not in the restored database was never restored. */
async function replay(
  app: INestApplicationContext,
  file: string,
): Promise<Record<string, unknown>> {
  const { erasures: listed } = JSON.parse(readFileSync(file, 'utf8')) as { erasures: Listed[] };
  const outcome = { listed: listed.length, repeated: 0, absent: 0, blocked: [] as string[] };
  for (const { company, customer, request } of listed) {
    await runAsHouse(company, 'ofitec customers erase --replay', async () => {
      const service = app.get(ErasureService, { strict: false });
      if ((await service.find({ id: customer })) === null) {
        outcome.absent += 1;
        return;
      }
      const reason = 'repeated after a restore';
      try {
        await service.eraseNow({ customerId: customer, requestNumber: request, reason });
        outcome.repeated += 1;
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        outcome.blocked.push(`${customer}: ${error.definition.code}`);
      }
    });
  }
  if (outcome.blocked.length > 0) {
    throw new Error(['Not everybody could be forgotten again:', ...outcome.blocked].join('\n  '));
  }
  return outcome;
}

async function forCustomer<T>(
  app: INestApplicationContext,
  options: Options,
  name: string,
  work: (customerId: string) => Promise<T>,
): Promise<T> {
  const said = options['customer'] ?? '';
  const rut = ID.test(said) ? null : normalizeRut(said);
  if (rut === null && !ID.test(said)) throw new Error(`“${said}” is neither an id nor a RUT.`);
  const wanted = rut === null ? { id: said.toLowerCase() } : { rut };
  for (const company of await companies(app)) {
    const found = await runAsHouse(company, name, async () => {
      const id = await app.get(ErasureService, { strict: false }).find(wanted);
      return id === null ? null : { done: await work(id) };
    });
    if (found) return found.done;
  }
  throw new Error('No customer has that id or RUT.');
}

async function companies(app: INestApplicationContext): Promise<string[]> {
  const rows = await app
    .get(Database, { strict: false })
    .rowsWithoutCompany<{ id: string }>('SELECT id FROM kernel_company ORDER BY id');
  return rows.map(({ id }) => id);
}
