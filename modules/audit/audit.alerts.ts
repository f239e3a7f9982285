import { alertSignal, defineAlert } from '#kernel';
import { ChainBroken, ChainVerified } from './chain/chain.events.js';

const CHAIN = 'chain';

export const auditAlerts = [
  defineAlert({
    type: 'audit.chain_broken',
    severity: 'critical',
    summary: {
      es: 'El registro de auditoría no coincide con su sello',
      en: 'The audit log does not agree with its seal',
    },
    scope: 'company',
    raisedBy: [alertSignal(ChainBroken, () => [CHAIN])],
    clearedBy: [
      alertSignal(ChainVerified, ({ payload }) => (payload.findings === 0 ? [CHAIN] : [])),
    ],
  }),
];
