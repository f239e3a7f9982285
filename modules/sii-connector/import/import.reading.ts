import type { Section } from '../document/document.entity.js';
import type { ImportKind } from './import.entity.js';
import type { Findings } from './import.findings.js';
import type { SpooledFile } from './spool.js';

/** What is asked of a file, by its address and its name. */
export interface Asked {
  readonly importId: string;
  readonly kind: ImportKind;
  /** RUT of the company. */
  readonly own: string;
  readonly period: string | null;
  readonly section: Section | null;
  /** Somebody says that it is of this company, whatever it looks like. */
  readonly mine: boolean;
}

/** What a file held, and what became of it. */
export interface Reading {
  readonly period: string | null;
  readonly section: Section | null;
  readonly documents: number;
  readonly imported: number;
  readonly changed: number;
  readonly skipped: number;
  /** Stores the file beside the import, once that is there. */
  readonly keep?: () => Promise<void>;
}

/** Reads one kind of file into the ledger, in the transaction that it is called in. */
export interface FileReader {
  /** What it returns counts only while `findings` holds no errors. */
  read(
    file: SpooledFile,
    asked: Asked,
    findings: Findings,
    progress: (bytesRead: number, bytes: number) => void,
  ): Promise<Reading>;
}

/** The reading of a file with faults: whoever called throws all of it away. */
export const NOTHING_READ: Reading = {
  ...{ period: null, section: null, documents: 0, imported: 0, changed: 0, skipped: 0 },
};
