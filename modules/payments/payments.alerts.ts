import { alertSignal, defineAlert } from '#kernel';
import {
  CashSessionClosed,
  CashSessionHighDifference,
  CashSessionStaleOpen,
} from './cash-session/cash-session.events.js';
import { LedgerChecked, LedgerDrift } from './cash-session/ledger.events.js';

/** What somebody should hear of who does not stand at the drawer. Figures stay in the event log. */
export const paymentsAlerts = [
  defineAlert({
    type: 'cash_session.high_difference',
    severity: 'warning',
    summary: {
      es: 'Una caja se cerró con una diferencia sobre el umbral',
      en: 'A cash session was closed with a difference above the threshold',
    },
    scope: 'company',
    raisedBy: [alertSignal(CashSessionHighDifference, ({ payload }) => [payload.cashSessionId])],
  }),
  defineAlert({
    type: 'cash_session.stale_open',
    severity: 'warning',
    summary: {
      es: 'Una caja de un día anterior sigue sin cerrar',
      en: 'A cash session of an earlier day is still not closed',
    },
    scope: 'company',
    raisedBy: [alertSignal(CashSessionStaleOpen, ({ payload }) => [payload.cashSessionId])],
    clearedBy: [alertSignal(CashSessionClosed, ({ payload }) => [payload.cashSessionId])],
  }),
  defineAlert({
    type: 'ledger.drift',
    severity: 'critical',
    summary: {
      es: 'Una cifra de dinero no coincide con las filas que suma',
      en: 'A figure of money differs from the rows that it sums',
    },
    scope: 'company',
    // One alert a kind of figure: a fault of the books shows in many of them at once.
    raisedBy: [alertSignal(LedgerDrift, ({ payload }) => [payload.what])],
    clearedBy: [
      alertSignal(LedgerChecked, ({ payload: { checked, differing } }) =>
        checked.filter((what) => !differing.includes(what)),
      ),
    ],
  }),
];
