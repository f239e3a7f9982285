import { Body, Controller, Get, Param, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Answers, Edits, IfMatch } from '#kernel';
import { PutSetting } from './setting.input.js';
import { SettingValueRefused } from './setting.problems.js';
import { SettingService } from './setting.service.js';
import { SettingsView, SettingView } from './setting.view.js';

@ApiTags('base')
@Controller('api/v1/base/settings')
export class SettingController {
  constructor(private readonly settings: SettingService) {}

  @Get()
  @Allow('base.setting.read')
  @Answers(SettingsView)
  async list(): Promise<SettingsView> {
    return this.settings.list();
  }

  @Get(':name')
  @Allow('base.setting.read')
  @Answers(SettingView)
  async show(@Param('name') name: string): Promise<SettingView> {
    return this.settings.show(name);
  }

  @Put(':name')
  @Allow('base.setting.edit')
  @Edits(SettingView, SettingValueRefused)
  async put(
    @Param('name') name: string,
    @Body() input: PutSetting,
    @IfMatch() version: number,
  ): Promise<SettingView> {
    return this.settings.put(name, input.value, version);
  }
}
