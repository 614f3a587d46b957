declare module "@vercel/ncc" {
  interface Options {
    readonly cache: boolean;
    readonly quiet: boolean;
    readonly target: string;
    readonly license: string;
  }
  interface Asset {
    readonly source: string | Buffer;
  }
  /** Bundles the module and all it imports. */
  export default function ncc(
    input: string,
    options: Options,
  ): Promise<{ code: string; assets: Readonly<Record<string, Asset | undefined>> }>;
}
