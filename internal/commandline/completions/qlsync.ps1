# Completes qlsync in PowerShell 5.1 and newer. Where qlsync has nothing to say, PowerShell offers files.
Register-ArgumentCompleter -Native -CommandName qlsync -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object { $_.Extent.Text.Trim('"', "'") } |
        Select-Object -Skip 1)
    # Windows PowerShell drops an empty argument, so that the word at the cursor would be lost.
    $current = if ($wordToComplete) { $wordToComplete } elseif ($PSVersionTable.PSVersion.Major -ge 7) { '' } else { '""' }
    & $commandAst.CommandElements[0].Extent.Text __complete @words $current 2>$null | ForEach-Object {
        $word, $says = $_ -split "`t", 2
        if (-not $says) { $says = $word }
        # A name may hold anything, and the shell must run none of it.
        if ($word -notmatch '^[\w./:=+-]+$') { $word = "'" + ($word -replace "['‘’‚‛]", '$0$0') + "'" }
        [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $says)
    }
}
