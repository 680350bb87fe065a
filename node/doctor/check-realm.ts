import { isSedgeError, SedgeError } from '../../src/errors/index.ts';
import { checkHttp, checkMqtt, resolveSettings } from '../config/index.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

type Environment = Parameters<typeof resolveSettings>[2];

/** Realm, key and configuration as the next start would find them. */
export async function checkRealm(directory: string, env: Environment): Promise<Finding[]> {
  return [await checkIdentity(directory), await checkConfig(directory, env)];
}

async function checkIdentity(directory: string): Promise<Finding> {
  const { readRealmDirectory } = await import('../../src/index.ts');
  try {
    const { anchor, nodeName, identity } = await readRealmDirectory(directory);
    return ok('realm', `${anchor.name} (${anchor.id}), this node is ${nodeName} (${identity.nodeId})`);
  } catch (error) {
    if (!isSedgeError(error)) throw error;
    const finding = error.code === 'realm.missing' ? warn : fail;
    return { ...finding('realm', error.message, error.next), code: error.code };
  }
}

async function checkConfig(directory: string, env: Environment): Promise<Finding> {
  try {
    const settings = await resolveSettings(directory, {}, env);
    await checkMqtt(directory, settings);
    await checkHttp(directory, settings);
    return ok('settings', 'environment and configuration file are right');
  } catch (error) {
    if (!(error instanceof SedgeError)) throw error;
    return { ...fail('settings', error.message, error.next), code: error.code };
  }
}
