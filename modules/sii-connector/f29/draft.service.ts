import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { businessDay, Clock, Records } from '#kernel';
import { CompanyService, SettingService } from '#modules/base';
import { FigureService } from '../figure/figure.service.js';
import { dueDate } from '../tables/due-date.js';
import { carryRemainder } from '../tables/figures.js';
import type { Figures } from '../tables/figures.js';
import { previousPeriod } from '../tables/period.js';
import { check } from './check.js';
import { F29_ELECTRONIC } from './f29.settings.js';
import { workOut } from './formulas.js';
import { codesOf } from './ledger-map.js';
import { LedgerSumsService } from './ledger-sums.service.js';
import { F29Return, findingKey } from './return.entity.js';
import type { Carried, ReturnValue } from './return.entity.js';
import { numbersOf } from './rule.js';
import type { CodeValue } from './rule.js';

/** Makes a return's codes of documents, dated figures and what persons entered. */
@Injectable()
export class DraftService {
  constructor(
    private readonly records: Records,
    private readonly clock: Clock,
    private readonly sums: LedgerSumsService,
    private readonly figures: FigureService,
    private readonly companies: CompanyService,
    private readonly settings: SettingService,
  ) {}

  /** Reads the month's ledger into the return, and works everything out. In a transaction. */
  async compute(declared: F29Return): Promise<void> {
    const { period } = declared;
    const figures = await this.figures.figures();
    const groups = await this.sums.groups(period);
    const fees = await this.sums.fees(period);
    const { codes } = codesOf(groups, figures.of('proportionality', period)?.value ?? null);
    const carried = await this.carry(period, figures);
    const rate = codes.has('563') ? figures.of('ppm', period) : null;
    const computed = {
      ...Object.fromEntries(codes),
      ...(fees.withheld > 0 ? { '151': fees.withheld } : {}),
      ...(rate ? { '115': rate.value } : {}),
      ...(carried && carried.pesos > 0 ? { '504': carried.pesos } : {}),
    };
    Object.assign(declared, { ledger: groups, fees, computed });
    declared.carried = carried?.told ?? null;
    declared.computedAt = this.clock.now();
    await this.work(declared, figures);
  }

  /** Works the totals out again, after something was entered. In a transaction. */
  async work(declared: F29Return, figures?: Figures): Promise<void> {
    const { computed, entered } = declared;
    const given = new Map<string, number>(Object.entries(computed ?? {}));
    for (const [code, { value }] of Object.entries(entered)) {
      if (typeof value === 'number') given.set(code, value);
      else given.delete(code);
    }
    const codes: Record<string, ReturnValue> = {};
    for (const [code, value] of workOut(given)) codes[code] = { value, origin: 'computed' };
    declared.codes = { ...codes, ...entered };
    const total = declared.codes['94']?.value;
    // Beyond what JavaScript counts to the peso a rule finds fault, and nothing is to be paid.
    declared.amount = Number.isSafeInteger(total) ? Math.max(Number(total), 0) : 0;
    declared.dueDate = await dueDate(declared.period, {
      withPayment: declared.amount > 0,
      electronic: await this.settings.value<boolean>(F29_ELECTRONIC),
    });
    await this.examine(declared, false, figures);
  }

  /** Looks whether documents came since, and applies every rule. In a transaction. */
  async examineAgain(declared: F29Return): Promise<void> {
    const { ledger, fees, period } = declared;
    const same =
      isDeepStrictEqual(await this.sums.groups(period), ledger) &&
      isDeepStrictEqual(await this.sums.fees(period), fees);
    await this.examine(declared, !same);
  }

  /** The return of the month before: the one filed last, else the last one worked out. */
  async previous(period: string): Promise<F29Return | null> {
    const known = await this.records.all(F29Return, { period: previousPeriod(period) });
    const last = (states: readonly string[]): F29Return | undefined =>
      known
        .filter(({ state }) => states.includes(state))
        .sort((a, b) => a.revision - b.revision)
        .at(-1);
    return last(['filed', 'paid']) ?? last(['computed', 'validated', 'exported', 'sent']) ?? null;
  }

  private async carry(
    period: string,
    figures: Figures,
  ): Promise<{ pesos: number; told: Carried } | null> {
    const previous = await this.previous(period);
    const remainder = previous && numbersOf(codeMap(previous)).get('77');
    if (!previous || !remainder) return null;
    const carried = carryRemainder(remainder, previous.period, period, figures);
    if (!carried) return null;
    const { units, pesos, utmBefore, utmNow } = carried;
    const utm = { utmBefore: utmBefore.value, utmNow: utmNow.value };
    return { pesos, told: { former: previous.label, remainder, units, ...utm } };
  }

  private async examine(declared: F29Return, isStale: boolean, known?: Figures): Promise<void> {
    const { period, computed, proposal, ledger, fees } = declared;
    const codes = codeMap(declared);
    const previous = await this.previous(period);
    declared.findings = check({
      ...{ period, codes, numbers: numbersOf(codes), ledger, fees, isStale },
      figures: known ?? (await this.figures.figures()),
      rut: (await this.companies.show()).rut,
      today: businessDay(this.clock.now()),
      dueDate: declared.dueDate,
      previous: previous && numbersOf(codeMap(previous)),
      proposal: proposal && new Map(Object.entries(proposal)),
      computed: computed && new Map(Object.entries(computed)),
    });
    const keys = new Set(declared.findings.map(findingKey));
    declared.acknowledgements = declared.acknowledgements.filter(({ key }) => keys.has(key));
  }
}

function codeMap({ codes }: F29Return): Map<string, CodeValue> {
  return new Map(Object.entries(codes).map(([code, { value }]) => [code, value]));
}
