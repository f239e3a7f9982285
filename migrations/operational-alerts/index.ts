import { Alerts } from './0001-alerts.js';
import { Unresolved } from './0002-unresolved.js';

export const operationalAlertsMigrations = [Alerts, Unresolved];
