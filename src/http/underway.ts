/** The requests of a step that may be making something at the service right now. */
export interface Underway {
  /** Keeps a piece of work in mind until it is settled; `counts` tells whether it can have reached the service by then. */
  follow<Result>(work: Promise<Result>, counts: () => boolean): Promise<Result>;
  /**
   * From now on no request is begun, save those that undo a creation. Resolves when nothing that was made can get lost any
   * more; undefined where that is so at once.
   */
  stop(): Promise<void> | undefined;
  isStopped(): boolean;
}

export function underway(): Underway {
  const followed = new Map<Promise<unknown>, () => boolean>();
  let stopped = false;
  const unsettled = (): Promise<unknown>[] => [...followed].flatMap(([work, counts]) => (counts() ? [work] : []));

  const settled = async (): Promise<void> => {
    for (let work = unsettled(); work.length > 0; work = unsettled()) {
      await Promise.allSettled(work);
      // Whoever waited for the answer goes first: it masks and saves what came, or begins to undo it.
      await new Promise(setImmediate);
    }
  };
  return {
    follow(work, counts) {
      followed.set(work, counts);
      const forget = (): void => {
        followed.delete(work);
      };
      work.then(forget, forget);
      return work;
    },
    stop() {
      stopped = true;
      return unsettled().length > 0 ? settled() : undefined;
    },
    isStopped: () => stopped,
  };
}
