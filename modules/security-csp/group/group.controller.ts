import { Body, Controller, Get, Post, Query, StreamableFile } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Answers, Exports, Id, Lists, mapPage } from '#kernel';
import type { Page } from '#kernel';
import { Judge, MarkNoise } from './group.input.js';
import { EXPORT_FORMATS, groupList, GroupService } from './group.service.js';
import { GroupDetailView, GroupView } from './group.view.js';

@ApiTags('security-csp')
@Controller('api/v1/security-csp')
export class GroupController {
  constructor(private readonly groups: GroupService) {}

  @Get('groups')
  @Allow('security-csp.group.read')
  @Lists(GroupView, groupList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<GroupView>> {
    return mapPage(await this.groups.list(query), GroupView.of);
  }

  @Get('groups/:id')
  @Allow('security-csp.group.read')
  @Answers(GroupDetailView)
  async show(@Id() id: string): Promise<GroupDetailView> {
    const { group, context } = await this.groups.detail(id);
    return GroupDetailView.with(group, context);
  }

  @Get('export')
  @Allow('security-csp.group.export')
  @Exports(groupList, EXPORT_FORMATS)
  async export(@Query() query: Record<string, unknown>): Promise<StreamableFile> {
    const disposition = 'attachment; filename="csp-groups.csv"';
    return new StreamableFile(await this.groups.export(query), {
      ...{ type: EXPORT_FORMATS.csv, disposition },
    });
  }

  @Post('groups/:id/accept')
  @Allow('security-csp.group.judge')
  @Answers(GroupView)
  async accept(@Id() id: string, @Body() { reason }: Judge): Promise<GroupView> {
    return GroupView.of(await this.groups.accept(id, reason));
  }

  @Post('groups/:id/reject')
  @Allow('security-csp.group.judge')
  @Answers(GroupView)
  async reject(@Id() id: string, @Body() { reason }: Judge): Promise<GroupView> {
    return GroupView.of(await this.groups.reject(id, reason));
  }

  @Post('groups/:id/noise')
  @Allow('security-csp.group.judge')
  @Answers(GroupView)
  async mark(@Id() id: string, @Body() { reason, noise = true }: MarkNoise): Promise<GroupView> {
    return GroupView.of(await this.groups.mark(id, reason, noise));
  }
}
