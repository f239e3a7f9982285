import { Alerts } from './0001-alerts.js';
import { Unresolved } from './0002-unresolved.js';
import { Standbys } from './0003-standbys.js';

export const operationalAlertsMigrations = [Alerts, Unresolved, Standbys];
