import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  csp,
  House,
  ledgerCheckOf,
  ListProbe,
  listsOf,
  livePast,
  pastAlerts,
  pastLedger,
  pastReturns,
  reportsOf,
  shippedAddons,
} from '#test';
import type { Actor } from '#test';

/** Rows that may be fetched beside those given: the orders of days that are not delivered yet, a session's payments. */
const SLACK = 600;

const lists = listsOf(shippedAddons);

/** Whoever asks a list for whatever it offers, no table is read through where an index serves. */
describe('lists after years', () => {
  let house: House;
  let admin: Actor;
  let branchId: string;

  beforeAll(async () => {
    house = await House.open();
    const past = await livePast(house.urls.owner, 18_000);
    expect(past).toMatchObject({ payments: 18_000, orders: 14_400, branches: 1, days: 100 });
    branchId = past.branchId;
    await pastAlerts(house, 5_000);
    await csp.pastReports(house, 5_000);
    await pastLedger(house, 5_000);
    await pastReturns(house, 5_000);
    const [company] = await house.rows<{ id: string }>('owner', 'SELECT id FROM base_company');
    admin = {
      ...{ userId: null, companyId: company?.id ?? '', login: 'test', name: 'test' },
      ...{ roles: [], permissions: new Set(), sessionId: null, unrestricted: true },
      ...{ hindrance: null, provenAt: null, unproven: null },
    };
  }, 120_000);

  it('stand on a past that adds up', async () => {
    expect(await ledgerCheckOf(house)).toEqual([]);
  });

  it.each([...lists.keys()])('%s: every filter and order', async (name) => {
    const list = lists.get(name);
    if (!list) throw new Error('unreachable');
    expect(await new ListProbe(house, admin).wasteful(list, SLACK)).toEqual([]);
  });

  it.each(['Payment', 'Entry', 'CashSession'])('%s: of a vendedora who has none', async (name) => {
    const list = lists.get(name);
    if (!list) throw new Error(`no list of ${name}`);
    const nobody = '00000000-0000-7000-8000-00000000abcd';
    const vendedora = { ...admin, userId: nobody, roles: ['vendedora'], unrestricted: false };
    expect(await new ListProbe(house, vendedora).wasteful(list, SLACK)).toEqual([]);
  });

  it('leave reports of a day what that day holds, and no more', async () => {
    const [old] = await house.rows<{ day: string }>(
      'owner',
      'SELECT min(business_date)::text AS day FROM payments_cash_session',
    );
    const costs: [string, number][] = [];
    for (const [name, report] of Object.entries(reportsOf(house, branchId, old?.day ?? ''))) {
      costs.push([name, await new ListProbe(house, admin).costOf(report)]);
    }
    expect(costs.filter(([, fetched]) => fetched > 1_500)).toEqual([]);
    expect(costs.filter(([, fetched]) => fetched === 0)).toEqual([]);
  });

  it('have no index that every payment would write again', async () => {
    const changing = await house.rows(
      'owner',
      `SELECT indexname FROM pg_indexes
       WHERE tablename = 'sales_order' AND indexdef ~ '(paid_amount|updated_at|version)'`,
    );
    expect(changing).toEqual([]);
  });

  it('are seen to waste when an index is gone', async () => {
    await house.rows('owner', 'DROP INDEX payments_payment_by_cashier, kernel_event_by_action');
    const probe = new ListProbe(house, admin);
    const wasted = async (name: string): Promise<string[]> => {
      const list = lists.get(name);
      return list ? probe.wasteful(list, SLACK) : [];
    };
    expect((await wasted('Payment')).join()).toContain('Payment {"cashierId":"00000000');
    expect((await wasted('EventRow')).join()).toContain('EventRow {"action":"no existe"}');
  });
});
