import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Creates, Id, Idempotent, Lists, mapPage } from '#kernel';
import type { Page } from '#kernel';
import { CashSessionNotOpen } from '../cash-session/cash-session.problems.js';
import { MoveCash, UndoMovement } from './entry.input.js';
import { MovementUndoneAlready, NotAMovement, NotEnoughCash } from './entry.problems.js';
import { entryList, EntryService } from './entry.service.js';
import { EntryView } from './entry.view.js';

@ApiTags('payments')
@Controller('api/v1/payments')
export class EntryController {
  constructor(private readonly entries: EntryService) {}

  @Get('entries')
  @Allow('payments.entry.read')
  @Lists(EntryView, entryList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<EntryView>> {
    return mapPage(await this.entries.list(query), EntryView.of);
  }

  @Post('cash-sessions/:id/movements')
  @Allow('payments.entry.create')
  @Idempotent()
  @Creates(EntryView, CashSessionNotOpen, NotEnoughCash)
  async move(@Id() id: string, @Body() input: MoveCash): Promise<EntryView> {
    return EntryView.of(await this.entries.move(id, input));
  }

  @Post('entries/:id/undo')
  @Allow('payments.entry.undo')
  @Idempotent()
  @Creates(EntryView, CashSessionNotOpen, NotAMovement, MovementUndoneAlready, NotEnoughCash)
  async undo(@Id() id: string, @Body() input: UndoMovement): Promise<EntryView> {
    return EntryView.of(await this.entries.undo(id, input));
  }
}
