import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Database } from '#kernel';
import { LOG_START, SettledEventsService } from '#modules/audit';
import { PaymentFiguresService } from '#modules/payments';
import { OrderFactsService } from '#modules/sales';
import { ReturnService } from '#modules/sii-connector';
import type { F29Return } from '#modules/sii-connector';
import { SalesByDay, VatByMonth } from '../report/report.js';
import type { RawRow, Report } from '../report/report.js';
import { WarehouseReportService } from '../report/report.service.js';
import type { DaySalesView, VatMonthView } from '../report/report.view.js';
import { VAT_PERCENT } from '../vault/rows.js';
import { VaultStore } from '../vault/vault-store.js';
import { differencesOf } from './differences.js';
import type { Difference, Figures } from './differences.js';
import { LoadService } from './load.service.js';

/** What a verification found. */
export interface Verification {
  /** Figures that were compared. */
  readonly figures: number;
  readonly differences: readonly Difference[];
}

const ALL_DAYS = { from: '1900-01-01', to: '2199-12-31' };
const ALL_MONTHS = { from: '190001', to: '219912' };
const NO_LIMIT = 1_000_000_000;

/** How often is waited for transactions that are on their way before what differs is believed. */
const PATIENCE = 10;
const REST_MS = 1_000;

/** A sale may commit while a return is worked out: it counts with the moment before, or with this one. */
const AT_ONCE_MS = 60_000;

const SESSIONS = `SELECT k.session_key AS id, sum(p.amount)::float8 AS amount,
    (count(*) FILTER (WHERE p.kind = 'charge'))::integer AS payments
  FROM warehouse_link_payment k JOIN warehouse_sat_payment p ON p.company_id = k.company_id
    AND p.generation = k.generation AND p.payment_key = k.payment_key
  WHERE k.company_id = $1 AND k.generation = $2 GROUP BY k.session_key`;

/** Compares the vault with the books that it is a copy of, to the peso. */
@Injectable()
export class VerifyWarehouseService {
  constructor(
    private readonly database: Database,
    private readonly load: LoadService,
    private readonly vault: VaultStore,
    private readonly settled: SettledEventsService,
    private readonly reports: WarehouseReportService,
    private readonly orders: OrderFactsService,
    private readonly payments: PaymentFiguresService,
    private readonly returns: ReturnService,
  ) {}

  /** Loads what there is and compares everything of the context's company, at one moment. */
  async verify(): Promise<Verification> {
    for (let attempt = 1; ; attempt += 1) {
      await this.load.load();
      const { isAtRest, ...found } = await this.database.snapshot(() => this.compare());
      if (isAtRest || found.differences.length === 0 || attempt === PATIENCE) return found;
      await sleep(REST_MS);
    }
  }

  private async compare(): Promise<Verification & { isAtRest: boolean }> {
    const current = await this.vault.find('current');
    const place = current?.place ?? LOG_START;
    const isAtRest = (await this.settled.oldestAfter(place)) === null;
    const days = await this.report(SalesByDay, ALL_DAYS);
    const months = await this.report(VatByMonth, ALL_MONTHS);
    const compared = [
      ...differencesOf('orders', await this.orderDays(), orderFigures(days)),
      ...differencesOf('payments', await this.paymentDays(), paymentFigures(days)),
      ...differencesOf('daily cut', ...(await this.cuts(current?.generation ?? 0))),
      ...differencesOf('VAT', await this.delivered(), vatFigures(months)),
      ...differencesOf('Form 29', ...(await this.declared(months))),
    ];
    const differences = compared.filter(({ source, warehouse }) => source !== warehouse);
    return { figures: compared.length, differences, isAtRest };
  }

  private async report<V extends object>(
    report: Report<V>,
    range: { from: string; to: string; asOf?: string },
  ): Promise<V[]> {
    // Later than every clock: what is in the vault counts, whoever recorded it when.
    const asked = { asOf: '9999-12-31T00:00:00Z', ...range };
    const rows: RawRow[] = await this.reports.read(report, asked, [], NO_LIMIT);
    return rows.map((row) => report.view(row));
  }

  private async orderDays(): Promise<Figures> {
    const days = await this.orders.days();
    return new Map(
      days.map(({ date, branchId, ...figures }) => [
        `${date} ${branchId}`,
        {
          ...{ orders: figures.orders, sold: figures.amount },
          cancelledOrders: figures.cancelledOrders,
          cancelledAmount: figures.cancelledAmount,
        },
      ]),
    );
  }

  private async paymentDays(): Promise<Figures> {
    const days = await this.payments.days();
    return new Map(
      days.map(({ date, branchId, payments, amount }) => [
        `${date} ${branchId}`,
        { payments, paid: amount },
      ]),
    );
  }

  /** Sessions as the cuts froze them, beside the same sessions in the vault. */
  private async cuts(generation: number): Promise<[Figures, Figures]> {
    const cut = await this.payments.cutSessions();
    const rows = await this.database.rows<{ id: string; amount: number; payments: number }>(
      SESSIONS,
      [this.database.companyId, generation],
    );
    const held = new Map(rows.map(({ id, ...figures }) => [id, figures]));
    const label = (date: string, id: string): string => `${date} session ${id}`;
    const none = { payments: 0, amount: 0 };
    return [
      new Map(
        cut.map(({ date, cashSessionId, payments, amount }) => [
          label(date, cashSessionId),
          { payments, amount },
        ]),
      ),
      new Map(
        cut.map(({ date, cashSessionId }) => {
          const { payments, amount } = held.get(cashSessionId) ?? none;
          return [label(date, cashSessionId), { payments, amount }];
        }),
      ),
    ];
  }

  private async delivered(): Promise<Figures> {
    const months = await this.orders.deliveredMonths(VAT_PERCENT);
    return new Map(months.map(({ period, ...figures }) => [period, figures]));
  }

  /** What each month's last return says of sales; and of sales that it took from the orders, what they said. */
  private async declared(months: readonly VatMonthView[]): Promise<[Figures, Figures]> {
    const source = new Map<string, Record<string, number | null>>();
    const warehouse = new Map<string, Record<string, number | null>>();
    for (const { period, isDeclared, revision, debit, receipts, receiptsVat } of months) {
      if (isDeclared) warehouse.set(period, { revision, debit, receipts, receiptsVat });
    }
    for (const [period, declared] of await this.lastReturns()) {
      const [debit, receipts] = [codeOf(declared, '538'), codeOf(declared, '110')];
      const receiptsVat = codeOf(declared, '111');
      source.set(period, { revision: declared.revision, debit, receipts, receiptsVat });
      const held = warehouse.get(period);
      const said = source.get(period);
      const own = await this.ownVat(period, declared);
      if (!held || !said || own === null) continue;
      said['ownVat'] = receiptsVat;
      held['ownVat'] = own.includes(receiptsVat ?? 0) ? receiptsVat : (own[0] ?? null);
    }
    return [source, warehouse];
  }

  /** VAT of a month's orders as the vault says it was when a return was worked out of them. */
  private async ownVat(period: string, declared: F29Return): Promise<number[] | null> {
    const { ledger, computedAt, codes } = declared;
    const isOwn = ledger?.some(({ origin }) => origin === 'own-sales') ?? false;
    if (!isOwn || !computedAt || codes['111']?.origin !== 'computed') return null;
    const moments = [computedAt.getTime(), computedAt.getTime() - AT_ONCE_MS];
    const vat: number[] = [];
    for (const moment of moments) {
      const asOf = new Date(moment).toISOString();
      const [month] = await this.report(VatByMonth, { from: period, to: period, asOf });
      vat.push(month?.vat ?? 0);
    }
    return vat;
  }

  private async lastReturns(): Promise<Map<string, F29Return>> {
    const last = new Map<string, F29Return>();
    for (let after: string | null = ''; after !== null;) {
      const page = await this.returns.list({ limit: '200', ...(after && { after }) });
      for (const declared of page.items) {
        const known = last.get(declared.period);
        if (!known || known.revision < declared.revision) last.set(declared.period, declared);
      }
      after = page.next;
    }
    return last;
  }
}

function orderFigures(days: readonly DaySalesView[]): Figures {
  return new Map(
    days
      .filter(({ orders, cancelledOrders }) => orders + cancelledOrders > 0)
      .map(({ date, branchId, orders, sold, cancelledOrders, cancelledAmount }) => [
        `${date} ${branchId}`,
        { orders, sold, cancelledOrders, cancelledAmount },
      ]),
  );
}

function paymentFigures(days: readonly DaySalesView[]): Figures {
  return new Map(
    days
      .filter(({ payments, paid }) => payments > 0 || paid !== 0)
      .map(({ date, branchId, payments, paid }) => [`${date} ${branchId}`, { payments, paid }]),
  );
}

function vatFigures(months: readonly VatMonthView[]): Figures {
  return new Map(
    months
      .filter(({ orders }) => orders > 0)
      .map(({ period, orders, gross, net, vat }) => [period, { orders, gross, net, vat }]),
  );
}

function codeOf({ codes }: F29Return, code: string): number | null {
  const value = codes[code]?.value;
  return typeof value === 'number' ? value : null;
}
