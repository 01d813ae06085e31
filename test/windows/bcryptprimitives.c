/*
 * The one function of bcryptprimitives.dll that Go programs call: random bytes
 * for the runtime and crypto/rand. Wine has the library since version 8.13;
 * older ones, such as that of Debian 12, need this one to start a Go program.
 */
#include <windows.h>
#include <ntsecapi.h>

/* RtlGenRandom counts in 32 bits, so a larger buffer is filled in pieces. */
#define PIECE 0x10000u

__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *data, SIZE_T length)
{
	SIZE_T done = 0;

	while (done < length) {
		SIZE_T rest = length - done;
		ULONG piece = (ULONG)(rest < PIECE ? rest : PIECE);

		if (!RtlGenRandom(data + done, piece))
			return FALSE;
		done += piece;
	}
	return TRUE;
}
