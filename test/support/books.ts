import type { Change, Commit } from './commit-log.js';

interface SessionBook {
  state: string;
  opening: number;
  expected: number | null;
  /** Payments and prepayments in cash, roundings and movements. */
  cash: number;
  rounding: number;
  /** Collected minus amount, of all payments and prepayments. */
  rounded: number;
}

interface OrderBook {
  total: number;
  paid: number;
  applied: number;
}

interface AccountBook {
  balance: number;
  moved: number;
}

interface ChargeBook {
  reversed: number;
  taken: number;
}

/**
 * The books kept a second time, by other code, from nothing but the rows as they were committed.
 * After each commit everything that it touched must agree.
 */
export class Books {
  private readonly sessions = new Map<string, SessionBook>();
  private readonly orders = new Map<string, OrderBook>();
  private readonly accounts = new Map<string, AccountBook>();
  private readonly charges = new Map<string, ChargeBook>();
  /** Commits that touched money. */
  commits = 0;

  /** Enters commits in their order. @returns what did not agree after which of them */
  enter(commits: readonly Commit[]): string[] {
    return commits.flatMap((commit) => {
      const touched = new Set<() => string[]>();
      for (const change of commit.changes) this.apply(change, touched);
      if (touched.size > 0) this.commits += 1;
      const wrong = [...[...touched].flatMap((check) => check()), ...untold(commit.changes)];
      return wrong.map((what) => `${commit.transaction}: ${what}`);
    });
  }

  private apply({ table, kind, row }: Change, touched: Set<() => string[]>): void {
    const pesos = (name: string): number => Number(row[name]);
    const id = row['id'] ?? '';
    if (kind === 'DELETE' && /^(payments|sales)_/.test(table)) {
      touched.add(() => [`a row of ${table} was deleted`]);
    } else if (table === 'sales_order') {
      const order = this.order(id);
      Object.assign(order, { total: pesos('total'), paid: pesos('paid_amount') });
      touched.add(() => checkOrder(id, order));
    } else if (table === 'payments_cash_session') {
      const session = this.session(id);
      const expected = row['expected_amount'] === null ? null : pesos('expected_amount');
      Object.assign(session, { state: row['state'], opening: pesos('opening_amount'), expected });
      touched.add(() => checkSession(id, session));
    } else if (table === 'payments_entry') {
      const sessionId = row['cash_session_id'] ?? '';
      const session = this.session(sessionId);
      session.cash += pesos('amount');
      if (row['kind'] === 'rounding') session.rounding += pesos('amount');
      touched.add(() => checkSession(sessionId, session));
    } else if (table === 'payments_prepaid_account') {
      const account = this.account(id);
      account.balance = pesos('balance');
      touched.add(() => checkAccount(id, account));
    } else if (table === 'payments_prepaid_entry') {
      this.prepay(row, pesos, touched);
    } else if (table === 'payments_payment') {
      const charge = this.charge(id);
      charge.reversed = pesos('reversed_amount');
      touched.add(() => checkCharge(id, charge));
      if (kind === 'INSERT') this.pay(row, pesos, touched);
    }
  }

  private pay(
    row: Change['row'],
    pesos: (name: string) => number,
    touched: Set<() => string[]>,
  ): void {
    const [sessionId, orderId] = [row['cash_session_id'] ?? '', row['order_id'] ?? ''];
    const session = this.session(sessionId);
    if (row['method'] === 'cash') session.cash += pesos('amount');
    session.rounded += pesos('collected') - pesos('amount');
    const order = this.order(orderId);
    order.applied += pesos('amount');
    touched.add(() => [...checkSession(sessionId, session), ...checkOrder(orderId, order)]);
    const reversedId = row['reverses_id'];
    if (!reversedId) return;
    const charge = this.charge(reversedId);
    charge.taken -= pesos('amount');
    touched.add(() => checkCharge(reversedId, charge));
  }

  private prepay(
    row: Change['row'],
    pesos: (name: string) => number,
    touched: Set<() => string[]>,
  ): void {
    const [sessionId, customerId] = [row['cash_session_id'] ?? '', row['customer_id'] ?? ''];
    const account = this.account(customerId);
    account.moved += pesos('amount');
    touched.add(() => checkAccount(customerId, account));
    if (row['method'] === null) return;
    const session = this.session(sessionId);
    if (row['method'] === 'cash') session.cash += pesos('amount');
    session.rounded += pesos('collected') - pesos('amount');
    touched.add(() => checkSession(sessionId, session));
  }

  private account(id: string): AccountBook {
    return entryOf(this.accounts, id, { balance: 0, moved: 0 });
  }

  private session(id: string): SessionBook {
    const empty = { state: '', opening: 0, expected: null, cash: 0, rounding: 0, rounded: 0 };
    return entryOf(this.sessions, id, empty);
  }

  private order(id: string): OrderBook {
    return entryOf(this.orders, id, { total: 0, paid: 0, applied: 0 });
  }

  private charge(id: string): ChargeBook {
    return entryOf(this.charges, id, { reversed: 0, taken: 0 });
  }
}

function entryOf<V>(books: Map<string, V>, id: string, empty: V): V {
  const entry = books.get(id) ?? empty;
  books.set(id, entry);
  return entry;
}

function checkSession(id: string, session: SessionBook): string[] {
  const { state, opening, cash, expected, rounding, rounded } = session;
  return [
    ...(state === 'closed' && expected !== opening + cash
      ? [`session ${id} expects ${expected}, its ledger says ${opening + cash}`]
      : []),
    ...(rounding === rounded
      ? []
      : [`session ${id} rounded ${rounding}, its cash says ${rounded}`]),
  ];
}

function checkOrder(id: string, { total, paid, applied }: OrderBook): string[] {
  return [
    ...(paid === applied ? [] : [`order ${id} is paid ${paid}, its payments say ${applied}`]),
    ...(paid >= 0 && paid <= total ? [] : [`order ${id} is paid ${paid} of ${total}`]),
  ];
}

function checkAccount(id: string, { balance, moved }: AccountBook): string[] {
  if (balance === moved && balance >= 0) return [];
  return [`account ${id} holds ${balance}, its entries say ${moved}`];
}

function checkCharge(id: string, { reversed, taken }: ChargeBook): string[] {
  if (reversed === taken) return [];
  return [`payment ${id} is reversed by ${reversed}, its contra entries say ${taken}`];
}

/** Money that moved without an event in the same transaction. */
function untold(changes: readonly Change[]): string[] {
  const moved = changes.some(
    ({ table, kind }) => table === 'payments_payment' && kind === 'INSERT',
  );
  const told = changes.some(
    ({ table }) => table.startsWith('kernel_event_2') || table === 'kernel_event_default',
  );
  return moved && !told ? ['money moved and no event tells of it'] : [];
}
