import { schemaWith, type SchemaPart } from '../config/json-schema.ts';
import { packageFile } from '../world/package-files.ts';
import { loadPlugins } from './plugin.ts';

/** The JSON schema of config files. Rejects with CliError for a module that cannot be had. */
export async function schemaText(plugin?: readonly string[]): Promise<string> {
  const text = packageFile('schema/config.schema.json');
  if (plugin === undefined || plugin.length === 0) return text;
  const { kinds } = await loadPlugins(plugin);
  return `${JSON.stringify(schemaWith(JSON.parse(text) as SchemaPart, kinds))}\n`;
}
