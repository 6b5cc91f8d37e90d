/** What an operator does. Whatever comes of it, the views look again. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type Call, call } from "./client";

export function useChange<V, R = unknown>(
  request: (value: V) => readonly [path: string, options: Call],
  done?: (result: R, value: V) => void,
) {
  const client = useQueryClient();
  return useMutation<R, Error, V>({
    mutationFn: (value) => {
      const [path, options] = request(value);
      return call<R>(path, options);
    },
    onSuccess: (result, value) => done?.(result, value),
    onSettled: () => client.invalidateQueries(),
  });
}
