import { alertSignal, defineAlert } from '#kernel';
import { DigestMade } from './digest/digest.events.js';
import { GroupAccepted, GroupMarked, GroupRejected } from './group/group.events.js';

const runbook = (type: string): string => `runbooks/playbooks/${type.replace('.', '_')}.md`;

/** What somebody should hear of who does not read reports: told once a day, by the digest. */
export const cspAlerts = [
  defineAlert({
    type: 'csp_reports.spiked',
    severity: 'warning',
    summary: {
      es: 'Las violaciones de la política de contenido de una aplicación se multiplicaron',
      en: 'Violations of an app’s content security policy became many times more',
    },
    runbook: runbook('csp_reports.spiked'),
    scope: 'company',
    raisedBy: [alertSignal(DigestMade, ({ payload }) => payload.spikes.map(({ appId }) => appId))],
    clearedBy: [alertSignal(DigestMade, ({ payload }) => payload.calm)],
  }),
  defineAlert({
    type: 'csp_group.widely_seen',
    severity: 'info',
    summary: {
      es: 'Varios visitantes informan algo nuevo que la política de contenido bloquea',
      en: 'Several visitors report something new that the content security policy blocks',
    },
    runbook: runbook('csp_group.widely_seen'),
    scope: 'company',
    raisedBy: [
      alertSignal(DigestMade, ({ payload }) => payload.widelySeen.map(({ groupId }) => groupId)),
    ],
    clearedBy: [
      alertSignal(GroupAccepted, ({ payload }) => [payload.groupId]),
      alertSignal(GroupRejected, ({ payload }) => [payload.groupId]),
      alertSignal(GroupMarked, ({ payload }) => [payload.groupId]),
    ],
  }),
];
